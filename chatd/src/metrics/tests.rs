use super::Metrics;

#[test]
fn the_text_ends_as_openmetrics_wants_it() {
    assert!(Metrics::new(0).text().ends_with("\n# EOF\n"));
}

#[test]
fn samples_are_what_the_text_says_without_buckets() {
    let metrics = Metrics::new(1_700_000_000_500);
    let samples = metrics.samples();
    assert_eq!(samples["process_start_time_seconds"], 1_700_000_000.5);
    assert_eq!(samples["chatd_messages_total{target=\"channel\"}"], 0.0);
    assert_eq!(samples["chatd_core_step_seconds_count"], 0.0);
    assert!(!samples.keys().any(|name| name.contains("_bucket")));
    assert!(samples["process_resident_memory_bytes"] > 0.0);
    assert!(samples["process_open_fds"] > 0.0);
}
