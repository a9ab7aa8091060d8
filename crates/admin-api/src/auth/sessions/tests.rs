use super::*;

fn sessions(max: usize) -> Sessions {
    Sessions::new(Duration::from_secs(60), max)
}

fn begin(sessions: &Sessions, name: &str) -> Hash {
    hash(&sessions.begin(name.to_owned(), Role::Viewer, None))
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_by_itself_or_by_logout() {
    let sessions = sessions(10);
    let (one, other) = (begin(&sessions, "one"), begin(&sessions, "other"));
    assert_eq!(sessions.find(&one).unwrap().name, "one");
    sessions.end(&one);
    assert!(sessions.find(&one).is_none());
    tokio::time::advance(Duration::from_secs(59)).await;
    assert!(sessions.find(&other).is_some());
    tokio::time::advance(Duration::from_secs(2)).await;
    assert!(sessions.find(&other).is_none());
}

#[tokio::test(start_paused = true)]
async fn the_oldest_makes_room() {
    let sessions = sessions(2);
    let first = begin(&sessions, "first");
    tokio::time::advance(Duration::from_secs(1)).await;
    let second = begin(&sessions, "second");
    tokio::time::advance(Duration::from_secs(1)).await;
    let third = begin(&sessions, "third");
    assert!(sessions.find(&first).is_none());
    assert!(sessions.find(&second).is_some() && sessions.find(&third).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_code_is_good_once_and_for_ten_minutes() {
    let sessions = sessions(2);
    let code = hash(&sessions.new_code());
    assert!(sessions.take_code(&code));
    assert!(!sessions.take_code(&code));
    let code = hash(&sessions.new_code());
    tokio::time::advance(CODE_LASTS).await;
    assert!(!sessions.take_code(&code));
}

#[tokio::test(start_paused = true)]
async fn codes_are_bounded() {
    let sessions = sessions(2);
    let first = hash(&sessions.new_code());
    for _ in 0..CODES_MAX {
        tokio::time::advance(Duration::from_secs(1)).await;
        sessions.new_code();
    }
    assert!(!sessions.take_code(&first));
}
