//! The promises of [`chatd_core::Core`]'s contract: replay, splitting, restoring.

use std::collections::BTreeMap;

use chatd_core::{ConnId, Core, Input, Kept, Now, Output, Policy, State, Timestamp};
use proptest::prelude::*;

use crate::kept::restarted;
use crate::script::{Act, rules, script};
use crate::support::host::{Host, START};
use crate::support::wire::Wire;

const LENGTH: usize = 120;

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 2, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_state_is_what_its_events_make_it(rules in rules(), script in script(LENGTH)) {
        let host = run(rules.policy(), &script);
        let mut state = State::new(rules.policy(), Kept::default(), START);
        for (at, event) in &host.events {
            state.apply(*at, event);
        }
        prop_assert_eq!(&state, host.core.state());
    }

    #[test]
    fn a_start_after_a_crash_finds_the_channels_as_they_were(rules in rules(), script in script(LENGTH)) {
        let host = run(rules.policy(), &script);
        let state = host.core.state();
        let restarted = restarted(&host);
        let mut expected: BTreeMap<_, _> = state.channels.clone();
        expected.retain(|_, channel| channel.founder.is_some() || channel.lobby);
        for channel in expected.values_mut() {
            channel.members.clear();
            channel.opener = None;
            channel.empty_since = (!channel.lobby).then(|| channel.empty_since.unwrap_or(host.now.wall.0));
        }
        prop_assert_eq!(&restarted.core.state().channels, &expected);
    }

    #[test]
    fn however_inputs_are_split_into_steps_everybody_hears_the_same_bytes(
        rules in rules(),
        script in script(LENGTH),
        cuts in prop::collection::vec(any::<bool>(), 1..40_usize),
        merges in prop::collection::vec(any::<bool>(), 1..40),
    ) {
        let mut host = run(rules.policy(), &script);
        let (core, heard) = rerun(rules.policy(), regrouped(&host.inputs, &cuts, &merges));
        prop_assert_eq!(heard, host.heard());
        prop_assert_eq!(core.state(), host.core.state());
    }

    #[test]
    fn a_core_that_was_serialised_and_restored_goes_on_as_if_nothing_had_happened(
        rules in rules(),
        script in script(LENGTH),
        at in any::<prop::sample::Index>(),
    ) {
        let mut host = run(rules.policy(), &script);
        let mut core = Core::new(rules.policy(), Kept::default(), Timestamp(START));
        let (mut wire, mut heard) = (Wire::default(), BTreeMap::new());
        for (index, (now, input)) in host.inputs.iter().enumerate() {
            if index == at.index(host.inputs.len()) {
                let stored = serde_json::to_string(&core).expect("a core can be stored");
                core = serde_json::from_str(&stored).expect("a stored core can be read");
            }
            step(&mut core, &mut wire, *now, vec![input.clone()], &mut heard);
        }
        prop_assert_eq!(heard, host.heard());
        prop_assert_eq!(core.state(), host.core.state());
    }
}

fn run(policy: Policy, script: &[Act]) -> Host {
    let mut host = Host::new(policy);
    for act in script {
        act.perform(&mut host);
    }
    host.settle();
    host
}

fn rerun(policy: Policy, steps: Vec<(Now, Vec<Input>)>) -> (Core, BTreeMap<ConnId, String>) {
    let mut core = Core::new(policy, Kept::default(), Timestamp(START));
    let (mut wire, mut heard) = (Wire::default(), BTreeMap::new());
    for (now, inputs) in steps {
        step(&mut core, &mut wire, now, inputs, &mut heard);
    }
    (core, heard)
}

fn step(
    core: &mut Core,
    wire: &mut Wire,
    now: Now,
    mut inputs: Vec<Input>,
    heard: &mut BTreeMap<ConnId, String>,
) {
    let mut out = Output::default();
    core.step(now, &mut inputs, &mut out);
    wire.take(&mut out);
    for (conn, text) in wire.drain() {
        heard.entry(conn).or_default().push_str(&text);
    }
}

/// The same inputs in other steps: together with what has the same time unless it is cut, and lines of one
/// connection that follow each other in one input where they are merged.
fn regrouped(inputs: &[(Now, Input)], cuts: &[bool], merges: &[bool]) -> Vec<(Now, Vec<Input>)> {
    let mut steps: Vec<(Now, Vec<Input>)> = Vec::new();
    for (index, (now, input)) in inputs.iter().enumerate() {
        let cut = cuts[index % cuts.len()];
        match steps.last_mut() {
            Some((time, step)) if time == now && !cut => {
                if !(merges[index % merges.len()] && merge(step.last_mut(), input)) {
                    step.push(input.clone());
                }
            }
            _ => steps.push((*now, vec![input.clone()])),
        }
    }
    steps
}

fn merge(last: Option<&mut Input>, next: &Input) -> bool {
    match (last, next) {
        (Some(Input::Lines { conn, lines }), Input::Lines { conn: other, lines: more }) if conn == other => {
            lines.extend(more.iter().cloned());
            true
        }
        _ => false,
    }
}
