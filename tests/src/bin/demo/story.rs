//! What happens.

use crate::film::Film;
use crate::scene::Scene;
use crate::stage::Stage;

const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;
const ROOT: usize = 3;
const PEOPLE: [&str; 3] = ["alice", "bob", "carol"];
const LOBBY: &str = "#lobby> ";
const ALL: [usize; 3] = [ALICE, BOB, CAROL];

/// Plays the whole story. Panics where the programs don't do as it says.
pub fn play() -> Film {
    let mut scene = Scene::new(&PEOPLE);
    let mut stage = Stage::new(&scene.today);
    arrive(&scene, &mut stage);
    lobby(&mut stage);
    announcement(&mut stage);
    private(&mut stage);
    conversation(&mut stage);
    busy(&mut stage);
    end(&mut stage);
    crash(&mut scene, &mut stage);
    search(&mut stage);
    stage.finish()
}

fn arrive(scene: &Scene, stage: &mut Stage) {
    stage.caption("Everybody with a login on the host is in the lobby");
    for (who, name) in PEOPLE.into_iter().enumerate() {
        stage.open(name, &scene.chat(name), LOBBY);
        stage.see(&[who], &format!("You are {name} "));
        stage.see(&ALL[..who], &format!("{name} joined"));
    }
    stage.open("the administrator", &scene.shell(), "# ");
    stage.see(&[ROOT], "#");
    stage.pause(1500);
}

fn lobby(stage: &mut Stage) {
    stage.line(ALICE, "good morning! soup or pizza today?");
    stage.see(&ALL, "alice: good morning! soup or pizza today?");
    stage.pause(600);
    stage.caption("What arrives never disturbs the line being typed");
    stage.types(BOB, "soup, it is ");
    stage.line(CAROL, "pizza!");
    stage.see(&ALL, "carol: pizza!");
    stage.pause(700);
    stage.line(BOB, "cold outside");
    stage.see(&ALL, "bob: soup, it is cold outside");
    stage.pause(1000);
}

fn announcement(stage: &mut Stage) {
    stage.caption("The administrator has a word for everybody");
    stage.line(ROOT, "chatctl announce \"reboot at 18:00\"");
    stage.see(&[ROOT], "announced to 3 users");
    stage.see(&ALL, "reboot at 18:00");
    stage.pause(800);
}

fn private(stage: &mut Stage) {
    stage.caption("A word in private");
    stage.line(ALICE, "<private> bob it is carol's birthday");
    stage.see(&[ALICE], "you → bob: it is carol's birthday");
    stage.see(&[BOB], "alice → you: it is carol's birthday");
    stage.pause(1000);
}

fn conversation(stage: &mut Stage) {
    stage.caption("A conversation: alice asks, bob says yes");
    stage.line(ALICE, "<talk> bob");
    stage.see(&[ALICE], "asked bob to talk");
    stage.prompt(BOB, "[alice: yes/no] #lobby> ");
    stage.see(&[BOB], "alice would like to talk (yes/no)");
    stage.pause(800);
    stage.line(BOB, "yes");
    stage.prompt(BOB, "⇄ alice> ");
    stage.prompt(ALICE, "⇄ bob> ");
    stage.see(&[BOB], "you talk with alice");
    stage.see(&[ALICE], "you talk with bob");
    stage.pause(600);
    stage.line(ALICE, "what does she like best?");
    stage.see(&[ALICE, BOB], "alice: what does she like best?");
    stage.pause(400);
}

fn busy(stage: &mut Stage) {
    stage.caption("Who talks is busy for everybody else, and the lobby waits");
    stage.line(CAROL, "soup it is, then");
    stage.see(&[CAROL], "carol: soup it is, then");
    stage.line(CAROL, "<list>");
    stage.see(&[CAROL], "3 users on");
    stage.pause(900);
    stage.line(CAROL, "<talk> 1");
    stage.see(&[CAROL], "alice is busy, talking with bob");
    stage.pause(400);
    stage.line(BOB, "lemon cake. I fetch one");
    stage.see(&[ALICE, BOB], "bob: lemon cake. I fetch one");
    stage.still();
    stage.pause(1200);
}

fn end(stage: &mut Stage) {
    stage.caption("At the end of the conversation comes what has waited");
    stage.line(ALICE, "<end>");
    stage.prompt(ALICE, LOBBY);
    stage.prompt(BOB, LOBBY);
    stage.see(&[ALICE, BOB], "carol: soup it is, then");
    stage.see(&[CAROL], "alice is available again");
    stage.pause(1500);
}

fn crash(scene: &mut Scene, stage: &mut Stage) {
    stage.caption("chatd is killed and started again: nothing is lost, not even half a line");
    stage.types(BOB, "lunch at half ");
    stage.freeze(&ALL);
    stage.line(ROOT, "kill -9 $(cat chatd.pid)");
    stage.see(&[ROOT], "kill -9 $(cat chatd.pid) #");
    scene.start_again();
    come_back(stage, ALICE, "connected again as alice");
    stage.line(ALICE, "did you see that?");
    stage.see(&[ALICE], "alice: did you see that?");
    for who in [BOB, CAROL] {
        come_back(stage, who, "alice: did you see that?");
    }
    stage.pause(500);
    stage.line(BOB, "past twelve?");
    stage.see(&ALL, "bob: lunch at half past twelve?");
    stage.pause(1000);
}

/// Until the last words of what is told then.
fn come_back(stage: &mut Stage, who: usize, last: &str) {
    stage.go_on(who);
    stage.see(&[who], "connecting again");
    stage.pause(600);
    stage.see(&[who], last);
    stage.see(&ALL[..who], &format!("{} joined", PEOPLE[who]));
}

fn search(stage: &mut Stage) {
    stage.caption("Whatever was said can be found again");
    stage.line(CAROL, "<search> soup from:bob");
    stage.see(&[CAROL], "found ──");
    stage.pause(3500);
}
