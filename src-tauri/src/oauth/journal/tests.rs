//! What survives in the file, and what must not be believed.

use std::fs;

use proptest::prelude::*;

use super::*;
use crate::oauth::refresh::testkit::MaskSealer;
use crate::secret::Secret;

const BYTES: &[u8] = br#"{"access_token":"at-canary","refresh_token":"rt-canary"}"#;
const AT: Timestamp = Timestamp(1_800_000_000_123);

fn journal(folder: &Path) -> Journal {
    Journal::new(folder, Arc::new(MaskSealer))
}

fn spent() -> String {
    Secret::new("old").fingerprint()
}

fn open(journal: &Journal) -> (Page, Left) {
    let page = journal.open(&"acc-1".into()).unwrap().expect("free");
    let left = page.left().unwrap();
    (page, left)
}

fn file(folder: &Path) -> PathBuf {
    folder.join("refresh/acc-1.answer")
}

#[test]
fn an_answer_is_found_again_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(folder.path());
    let (mut page, left) = open(&journal);
    assert!(matches!(left, Left::Nothing));
    page.begin(&spent()).unwrap();
    drop(page);
    let (mut page, left) = open(&journal);
    assert!(matches!(left, Left::Started { spent: it } if it == spent()));
    page.begin(&spent()).unwrap();
    page.record(&spent(), BYTES, AT).unwrap();
    page.syncer()().unwrap();
    drop(page);
    let (mut page, left) = open(&journal);
    let Left::Answer(answer) = left else { panic!("{left:?}") };
    assert_eq!((answer.spent, answer.at, answer.bytes.as_slice()), (spent(), AT, BYTES));
    page.close(false);
    drop(page);
    let (mut page, left) = open(&journal);
    assert!(matches!(left, Left::Nothing));
    page.begin(&spent()).unwrap();
    page.close(true);
    assert_eq!(fs::metadata(file(folder.path())).unwrap().len(), HEADER as u64);
    drop(page);
    assert!(matches!(open(&journal).1, Left::Started { .. }));
}

#[test]
fn room_is_made_before_it_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(folder.path());
    let (mut page, _) = open(&journal);
    page.begin(&spent()).unwrap();
    assert_eq!(fs::metadata(file(folder.path())).unwrap().len(), ROOM as u64);
    page.record(&spent(), BYTES, AT).unwrap();
    assert_eq!(fs::metadata(file(folder.path())).unwrap().len(), ROOM as u64, "no byte more");
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_it_and_nobody_can_read_the_tokens() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(folder.path());
    let (mut page, _) = open(&journal);
    page.record(&spent(), BYTES, AT).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&file(folder.path())), 0o600);
    assert_eq!(mode(&folder.path().join("refresh")), 0o700);
    let on_disk = String::from_utf8_lossy(&fs::read(file(folder.path())).unwrap()).into_owned();
    assert!(!on_disk.contains("canary"));
    let mut shown = format!("{journal:?} {page:?}");
    drop(page);
    shown.push_str(&format!("{:?}", open(&journal).1));
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn two_at_once_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = journal(folder.path());
    let second = journal(folder.path());
    let (page, _) = open(&first);
    assert!(second.open(&"acc-1".into()).unwrap().is_none());
    assert!(second.open(&"acc-2".into()).unwrap().is_some());
    drop(page);
    assert!(second.open(&"acc-1".into()).unwrap().is_some());
}

#[test]
fn an_answer_of_another_account_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(folder.path());
    let (mut page, _) = open(&journal);
    page.record(&spent(), BYTES, AT).unwrap();
    drop(page);
    fs::rename(file(folder.path()), folder.path().join("refresh/acc-2.answer")).unwrap();
    let left = journal.open(&"acc-2".into()).unwrap().unwrap().left().unwrap();
    assert!(matches!(left, Left::Started { .. }));
}

#[test]
fn odd_ids_stay_in_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(folder.path());
    for id in ["../../etc/passwd", "", "a/b", "CON:", &"x".repeat(300), "账号"] {
        let id = AccountId::from(id);
        drop(journal.open(&id).unwrap().unwrap());
        assert_eq!(journal.path(&id).parent().unwrap(), folder.path().join("refresh"));
        journal.forget(&id).unwrap();
        journal.forget(&id).unwrap();
    }
    assert_eq!(fs::read_dir(folder.path().join("refresh")).unwrap().count(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_before_the_token_is_spent() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("refresh")).unwrap();
    std::os::unix::fs::symlink("/dev/full", file(folder.path())).unwrap();
    let mut page = journal(folder.path()).open(&"acc-1".into()).unwrap().unwrap();
    let error = page.begin(&spent()).unwrap_err();
    assert!(error.to_string().contains("the disk is full: the token was not refreshed"), "{error}");
}

proptest! {
    #[test]
    fn a_torn_write_is_never_an_answer(cut in 0_usize..400, junk in any::<u8>()) {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal(folder.path());
        let (mut page, _) = open(&journal);
        page.record(&spent(), BYTES, AT).unwrap();
        drop(page);
        let whole = fs::read(file(folder.path())).unwrap();
        let cut = cut % whole.len();
        // Cut off; or the rest still is the room that was made; or it is something else.
        for rest in [Vec::new(), vec![0; ROOM - cut], vec![junk; ROOM - cut]] {
            let torn = [&whole[..cut], &rest].concat();
            if torn.starts_with(&whole) {
                continue;
            }
            fs::write(file(folder.path()), torn).unwrap();
            let (page, left) = open(&journal);
            prop_assert!(!matches!(left, Left::Answer(_)), "cut at {}: {:?}", cut, left);
            drop(page);
        }
    }

    #[test]
    fn a_changed_byte_is_never_another_answer(at in 0_usize..400, change in 1_u8..) {
        let folder = tempfile::tempdir().unwrap();
        let journal = journal(folder.path());
        let (mut page, _) = open(&journal);
        page.record(&spent(), BYTES, AT).unwrap();
        drop(page);
        let mut bytes = fs::read(file(folder.path())).unwrap();
        let at = at % bytes.len();
        bytes[at] ^= change;
        fs::write(file(folder.path()), bytes).unwrap();
        let (_, left) = open(&journal);
        prop_assert!(!matches!(left, Left::Answer(_)));
    }

    #[test]
    fn any_file_is_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("refresh")).unwrap();
        let with_magic = [b"droidrj1A".as_slice(), &bytes].concat();
        for content in [&bytes, &with_magic] {
            fs::write(file(folder.path()), content).unwrap();
            let (_, left) = open(&journal(folder.path()));
            prop_assert!(!matches!(left, Left::Answer(_)));
        }
    }
}
