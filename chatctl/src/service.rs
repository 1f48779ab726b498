//! The systemd service that chatd runs in.

use std::fs;

/// A unit of the system, or of a user's own systemd.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Service {
    unit: String,
    of_user: bool,
}

impl Service {
    /// The command that starts it.
    pub(crate) fn start(&self) -> String {
        let user = if self.of_user { "--user " } else { "" };
        format!("systemctl {user}start {}", self.unit)
    }
}

/// Returns the service that a process belongs to. The shell of this process may belong to one as well, which is not
/// chatd's then.
pub(crate) fn of_process(pid: u32) -> Option<Service> {
    let group = |pid: &str| fs::read_to_string(format!("/proc/{pid}/cgroup")).ok();
    let found = group(&pid.to_string())?;
    if group("self").is_some_and(|own| own == found) { None } else { in_groups(&found) }
}

/// A line of the file is `ID:CONTROLLERS:PATH`.
fn in_groups(text: &str) -> Option<Service> {
    text.lines().find_map(|line| {
        let path = line.splitn(3, ':').nth(2)?;
        let unit = path.rsplit('/').next()?.strip_suffix(".service")?;
        Some(Service { unit: unit.to_owned(), of_user: path.contains("/user@") })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_group_names_the_command_that_starts_the_service() {
        let start = |groups: &str| in_groups(groups).map(|service| service.start());
        assert_eq!(start("0::/system.slice/chatd.service\n").as_deref(), Some("systemctl start chatd"));
        let user = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/chatd.service\n";
        assert_eq!(start(user).as_deref(), Some("systemctl --user start chatd"));
        assert_eq!(start("0::/user.slice/user-0.slice/session-3.scope\n"), None);
        assert_eq!(start(""), None);
    }
}
