//! A small chaos with real processes: it ends by itself, and nothing is wrong.

use std::process::Command;

use serde_json::Value;

const PAYDOWN: &str = env!("CARGO_BIN_EXE_paydown");

#[test]
fn processes_killed_halted_and_restarted_collect_everything_once() {
    let output = Command::new(PAYDOWN)
        .args(["chaos", "--collections", "300", "--restarts", "2"])
        .args(["--seed", "7", "--kills-every", "200..1500", "--json"])
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("no report: {error}\n{said}"));

    for wrong in ["double", "lost", "outside", "undecided"] {
        assert_eq!(report[wrong], 0, "{wrong}: {report:#}");
    }
    assert_eq!(report["collected"], 300, "{report:#}");
    assert_eq!(report["findings"]["holds"], true, "{report:#}");
    assert_eq!(report["restarts"], 2, "{report:#}");
    assert_ne!(report["kills_of_workers"], 0, "{report:#}");
    assert!(output.status.success(), "{report:#}");
}
