//! The processes of a system, read from `/proc`.

use std::{
    collections::BTreeSet,
    fs,
    process::{Command, Stdio},
};

/// A process that runs a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    pub pid: u32,
    /// The name of the function, as in `cloakroom function <name>`.
    pub name: String,
}

/// Lists the current function instances of a system.
pub fn instances(system: u32) -> Vec<Instance> {
    let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let name = entry.unwrap().file_name();
        name.to_str()?.parse().ok()
    });
    pids.filter(|pid| parent(*pid) == Some(system))
        .filter_map(|pid| {
            let name = function_name(pid)?;
            Some(Instance { pid, name })
        })
        .collect()
}

/// Lists the TCP ports that a process listens on.
pub fn listening_ports(pid: u32) -> BTreeSet<u16> {
    let sockets: BTreeSet<_> = fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .filter_map(|entry| fs::read_link(entry.unwrap().path()).ok())
        .filter_map(|target| {
            let name = target.to_str()?.strip_prefix("socket:[")?;
            Some(name.trim_end_matches(']').to_owned())
        })
        .collect();
    // The second to fourth fields of a line are local address, remote address and state; the tenth is the inode (proc(5)).
    ["tcp", "tcp6"]
        .iter()
        .flat_map(|table| {
            let table = fs::read_to_string(format!("/proc/{pid}/net/{table}"));
            let lines: Vec<_> = table.unwrap().lines().map(str::to_owned).collect();
            lines
        })
        .filter_map(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let (_, port) = fields[1].rsplit_once(':')?;
            let is_listening = fields[3] == "0A" && sockets.contains(fields[9]);
            is_listening.then(|| u16::from_str_radix(port, 16).unwrap())
        })
        .collect()
}

/// Tells whether a process is running. A zombie is not.
pub fn is_alive(pid: u32) -> bool {
    stat(pid).is_some_and(|stat| stat[0] != "Z")
}

/// Returns the CPU time of a process, in hundredths of a second.
pub fn processor_time(pid: u32) -> u64 {
    let stat = stat(pid).unwrap();
    stat[11].parse::<u64>().unwrap() + stat[12].parse::<u64>().unwrap()
}

/// Sends a process a signal, like `TERM`.
#[track_caller]
pub fn signal(pid: u32, signal: &str) {
    assert!(signal_if_running(pid, signal), "{pid}");
}

/// Sends a process a signal. Returns whether it was still there.
pub fn signal_if_running(pid: u32, signal: &str) -> bool {
    let sent = Command::new("kill")
        .args([&format!("-{signal}"), &pid.to_string()])
        .stderr(Stdio::null())
        .status();
    sent.unwrap().success()
}

fn parent(pid: u32) -> Option<u32> {
    stat(pid)?[1].parse().ok()
}

/// Returns the fields of `/proc/<pid>/stat` after the name in parentheses, so from the third on (proc(5)).
fn stat(pid: u32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(") ")?;
    Some(rest.split(' ').map(str::to_owned).collect())
}

/// Returns the argument after `function` in the command line of a process.
fn function_name(pid: u32) -> Option<String> {
    let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok()?;
    let mut words = line.split('\0').skip_while(|word| *word != "function");
    words.nth(1).map(str::to_owned)
}
