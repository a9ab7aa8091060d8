//! Nothing in, the pages about offsets and dead letters out.

use super::{
    HOSTILE, frame,
    pipelines::{head, partition},
    print, viewer,
};
use crate::page::view::{
    dead_letters::{Contents, DeadLettersPage, LetterPage, LetterRow},
    frame::Section,
    health::Health,
    number,
    offsets::{Choice, OffsetsPage, PreviewRow},
    pipeline::Tab,
};

pub(super) fn add(pages: &mut Vec<(&'static str, String)>) {
    pages.push(("offsets", print(&offsets(false))));
    pages.push(("offsets-preview", print(&offsets(true))));
    pages.push(("dead-letters", print(&letters(40))));
    pages.push(("dead-letters-empty", print(&letters(0))));
    let mut looked = letters(3);
    looked.frame = viewer("sales", Section::Pipelines);
    looked.can_replay = false;
    pages.push(("dead-letters-viewer", print(&looked)));
    pages.push(("dead-letter", print(&letter())));
}

fn offsets(paused: bool) -> OffsetsPage {
    OffsetsPage {
        frame: frame("sales", Section::Pipelines),
        head: head(Tab::Offsets, if paused { Health::Paused } else { Health::Running }),
        partitions: (0..4).map(|number| partition(number, false)).collect(),
        blocked: (!paused)
            .then(|| "The pipeline runs. Pause it first; what is in flight lands.".to_owned()),
        waiting: paused.then(|| "2 of 4 partitions have set their offset.".to_owned()),
        remarks: vec![format!("rows cannot be counted {HOSTILE}")],
        preview: if paused {
            vec![PreviewRow {
                partition: "sales:0".to_owned(),
                from: "1,534,221".to_owned(),
                to: "0".to_owned(),
                effect: "1,534,221 records come again".to_owned(),
            }]
        } else {
            Vec::new()
        },
        choice: Choice { to: "earliest".to_owned(), ..Choice::default() },
    }
}

fn row(number: usize) -> LetterRow {
    LetterRow {
        id: format!("0-{number}"),
        reason: "bad-utf8".to_owned(),
        detail: format!("field note: not UTF-8 at byte 17 {HOSTILE}"),
        source: format!("sales:3@{}", 1_534_000 + number),
        when: number::moment(1_795_275_422_000),
        machine_when: number::machine_moment(1_795_275_422_000),
        size: "96 B".to_owned(),
        attempt: "1".to_owned(),
        replayed: number.is_multiple_of(3).then(|| {
            let ms = 1_795_275_499_000;
            (number::moment(ms), number::machine_moment(ms))
        }),
    }
}

fn letters(rows: usize) -> DeadLettersPage {
    DeadLettersPage {
        frame: frame("sales", Section::Pipelines),
        head: head(Tab::DeadLetters, Health::Running),
        topic: "penstock.dead-letters.sales".to_owned(),
        kept: Some("30 d".to_owned()),
        rows: (0..rows).map(row).collect(),
        total: "4,012".to_owned(),
        reason: String::new(),
        older: (rows > 30).then(|| "/pipelines/sales/dead-letters?cursor=0:100".to_owned()),
        newest: true,
        trouble: None,
        exists: rows > 0,
        replays_known: rows < 30,
        export: "/v1/pipelines/sales/dead-letters/export".to_owned(),
        can_replay: true,
    }
}

fn letter() -> LetterPage {
    let hostile: Vec<u8> = (0..=255).chain(HOSTILE.bytes()).collect();
    LetterPage {
        frame: frame("sales", Section::Pipelines),
        head: head(Tab::DeadLetters, Health::Running),
        row: row(3),
        headers: vec![("trace-id".to_owned(), HOSTILE.to_owned())],
        key: Contents::of(None),
        value: Contents {
            undecoded: Some("bad-utf8: field note, byte 17".to_owned()),
            ..Contents::of(Some(&hostile))
        },
        can_replay: true,
    }
}
