use std::{fs, io::Write as _};

use super::{LOG_BYTES_MAX, cut, open_log};

#[test]
fn a_cut_log_keeps_its_end_aside_and_its_writer_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("child.log");
    let mut log = open_log(&path).unwrap();
    log.set_len(LOG_BYTES_MAX).unwrap();
    log.write_all(b"last words").unwrap();
    cut(&path).unwrap();
    log.write_all(b"new words").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new words");
    let kept = fs::read(folder.path().join("child.log.1")).unwrap();
    assert_eq!(kept.len() as u64, LOG_BYTES_MAX / 2);
    assert!(kept.ends_with(b"last words"));
}
