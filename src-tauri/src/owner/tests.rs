//! Who is alive.

use super::*;
use crate::clock::Rand;

#[test]
fn a_gateway_is_known_for_as_long_as_its_process_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let entropy = crate::clock::Rand::seeded(7);
    let owner = Owner::claim(folder.path(), &entropy).expect("an owner");
    assert_eq!(gateways(folder.path()), [""; 0]);
    owner.announce_gateway("http://127.0.0.1:1").expect("noted");
    assert_eq!(gateways(folder.path()), ["http://127.0.0.1:1"]);
    // One that was killed leaves its note, and nobody who holds the lock.
    std::fs::write(folder.path().join("dead.gateway"), "http://127.0.0.1:2").expect("a note");
    assert_eq!(gateways(folder.path()), ["http://127.0.0.1:1"]);
    assert!(!folder.path().join("dead.gateway").exists());
    drop(owner);
    assert_eq!(gateways(folder.path()), [""; 0]);
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}

#[test]
fn an_owner_lives_until_it_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let owner = Owner::claim(dir.path(), &Rand::seeded(1)).unwrap();
    let id = owner.id().clone();
    assert!(is_alive(dir.path(), &id));
    assert!(is_alive(dir.path(), &id), "asking does not end it");
    drop(owner);
    assert!(!is_alive(dir.path(), &id));
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn an_owner_that_never_was_is_dead() {
    let dir = tempfile::tempdir().unwrap();
    assert!(!is_alive(dir.path(), &OwnerId::from("nobody")));
    assert!(!is_alive(&dir.path().join("missing"), &OwnerId::from("nobody")));
}

#[test]
fn a_file_without_a_lock_is_swept() {
    let dir = tempfile::tempdir().unwrap();
    // What a killed process leaves.
    let stale = dir.path().join("0f0f.lock");
    fs::write(&stale, "").unwrap();
    let other = dir.path().join("notes.txt");
    fs::write(&other, "").unwrap();
    let first = Owner::claim(dir.path(), &Rand::seeded(1)).unwrap();
    let second = Owner::claim(dir.path(), &Rand::seeded(2)).unwrap();
    assert!(!stale.exists() && other.exists());
    assert!(is_alive(dir.path(), first.id()) && is_alive(dir.path(), second.id()));
    assert_ne!(first.id(), second.id());
}

#[test]
fn an_id_cannot_leave_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run");
    fs::create_dir(&run).unwrap();
    let outside = dir.path().join("key.lock");
    fs::write(&outside, "").unwrap();
    assert!(!is_alive(&run, &OwnerId::from("../key")));
    assert!(outside.exists());
}

/// A killed process is the one case that needs a real process.
#[cfg(unix)]
#[test]
fn a_killed_process_is_dead() {
    use std::io::BufRead;
    let dir = tempfile::tempdir().unwrap();
    let path = lock_path(dir.path(), &OwnerId::from("other"));
    fs::write(&path, "").unwrap();
    // flock(1) takes the same kind of lock; `exec` keeps it in the process that is killed.
    let script = "exec 9<>\"$0\"; flock -x 9; echo held; exec sleep 60";
    let mut child = std::process::Command::new("bash")
        .args(["-c", script, path.to_str().unwrap()])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "held\n");
    assert!(is_alive(dir.path(), &OwnerId::from("other")));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!is_alive(dir.path(), &OwnerId::from("other")));
    assert!(!path.exists());
}

#[test]
fn many_claims_and_sweeps_at_once_lose_no_owner() {
    let dir = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for seed in 0..8 {
            let dir = dir.path();
            scope.spawn(move || {
                let entropy = Rand::seeded(seed);
                for _ in 0..50 {
                    let owner = Owner::claim(dir, &entropy).unwrap();
                    assert!(is_alive(dir, owner.id()));
                }
            });
        }
    });
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}
