use super::*;

/// Common given names and surnames, in lower case.
const NAMES: &str = include_str!("names.txt");

/// Variations that clients try when a nick is taken, and that people make of their own.
const FALL_BACKS: [fn(&str) -> String; 12] = [
    |name| format!("{name}_"),
    |name| format!("{name}__"),
    |name| format!("{name}-"),
    |name| format!("{name}`"),
    |name| format!("_{name}"),
    |name| format!("`{name}"),
    |name| format!("{name}^"),
    |name| format!("{name}1"),
    |name| format!("{name}2"),
    |name| format!("{name}42"),
    |name| format!("{name}|away"),
    |name| format!("[{name}]"),
];

fn names() -> Vec<&'static str> {
    NAMES.lines().collect()
}

fn capitalised(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_ascii_uppercase() + rest
}

#[test]
fn common_names_are_kept_apart() {
    let names = names();
    assert!(names.len() > 500 && names.is_sorted_by(|a, b| a < b));
    let mut refused = Vec::new();
    for known in &names {
        for name in &names {
            let spellings = [(*name).to_owned(), capitalised(name), name.to_ascii_uppercase()];
            let mut taken = spellings.iter().filter(|name| is_mistakable(name, known));
            refused.extend(taken.next().map(|name| format!("{name} for {known}")));
        }
    }
    // Of half a million pairs only these cannot be told apart in print, the last one as it is written here.
    let same_in_print =
        ["corner for comer", "comer for corner", "horne for home", "home for horne", "Ian for lan"];
    assert_eq!(refused, same_in_print);
}

#[test]
fn fall_backs_pass_beside_their_own_name_and_others() {
    let names = names();
    let mut looks = Looks::default();
    for name in &names {
        looks.insert(&name.parse().unwrap());
    }
    let tried = names.iter().flat_map(|name| FALL_BACKS.map(|fall_back| fall_back(name)));
    let refused: Vec<String> = tried.filter(|nick| looks.alike(nick).is_some()).collect();
    assert_eq!(refused, [""; 0]);
}

#[test]
fn impostors_are_mistakable() {
    for (name, known) in [
        ("a1ice", "alice"),
        ("aIice", "alice"),
        ("al1ce", "alice"),
        ("4lice", "alice"),
        ("A1ICE", "alice"),
        ("ALlCE", "alice"),
        ("a|ice", "alice"),
        ("bi11", "bill"),
        ("biIl", "bill"),
        ("b0b", "bob"),
        ("B0B", "Bob"),
        ("r00t", "root"),
        ("jame5", "james"),
        ("rnarvin", "marvin"),
        ("tirn", "tim"),
        ("VVanda", "wanda"),
        ("matthevv", "matthew"),
        ("Iars", "lars"),
        ("Iars", "LARS"),
        ("lan", "Ian"),
        ("m4rk", "mark"),
        ("p3ter", "peter"),
        ("s7even", "steven"),
        ("8ob", "bob"),
        ("d4n1el", "daniel"),
        ("pau1", "paul"),
        ("pauI", "paul"),
        ("alice0", "aliceo"),
        ("alice_1ee", "alice_lee"),
    ] {
        assert!(is_mistakable(name, known), "{name} for {known}");
        assert_eq!(Skeleton::new(name), Skeleton::new(known), "{name} {known}");
    }
}

#[test]
fn names_that_differ_visibly_are_not_mistakable() {
    for (name, known) in [
        ("alice", "Alice"),
        ("dan", "clan"),
        ("clan", "dan"),
        ("iars", "lars"),
        ("lars", "iars"),
        ("lan", "ian"),
        ("Lan", "Ian"),
        ("mare", "marc"),
        ("kari", "karl"),
        ("Karl", "kari"),
        ("hanna", "anna"),
        ("bo", "bob"),
        ("a1", "a2"),
        ("ann3", "anne"),
        ("dan1", "dani"),
        ("MARION", "marlon"),
    ] {
        assert!(!is_mistakable(name, known), "{name} for {known}");
    }
}
