//! What happened in worlds in, how often out: a world in which nothing goes wrong proves nothing.

/// Declares what is counted, with the words for it in the report.
macro_rules! counted {
    ($($name:ident = $words:literal,)+) => {
        /// Something that happens in a world.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Count { $($name,)+ }

        impl Count {
            pub(super) const ALL: &[(Count, &str)] = &[$((Count::$name, $words),)+];
        }
    };
}

counted! {
    Records = "records read",
    Commits = "commits applied and answered",
    CommitAppliedYetFailed = "commits applied, though answered with an error",
    CommitAppliedInPart = "commits applied to some of their partitions only",
    CommitAppliedLate = "commits applied after they were answered with an error",
    CommitNotApplied = "commits not applied",
    CommitThrownOut = "commits refused: not a member any more (25, 82)",
    CommitOldGeneration = "commits refused: another generation (22)",
    Killed = "processes killed",
    KilledInCommit = "processes killed while a commit was not answered",
    KilledInInsert = "processes killed while an insert was not answered",
    Frozen = "processes frozen",
    Paused = "workers told to pause",
    Stalled = "workers that did not poll for long",
    Expired = "members thrown out after their session",
    PollOverdue = "members that left because they were not polled",
    Lost = "assignments lost",
    KeptWithoutCallback = "members that joined anew and kept partitions without a callback",
    Contested = "partitions claimed by two members",
    Revoked = "partitions revoked",
    AssignedNothing = "assignments of no partition",
    BrokerDown = "outages of the broker",
    ServerKilled = "kills of the table's server",
    InsertPartial = "inserts that landed in some of the table's partitions only",
    InsertLate = "inserts that landed after their sender had gone or given them up",
    InsertNever = "inserts that never landed",
    InsertRetried = "inserts repeated by their own sender",
    TokenHit = "blocks dropped because their token was known",
    TokenOnly = "tokens written down by a server that died before it wrote their rows",
    InsertAgain = "ranges inserted under a second token, since the first one had no rows",
    WindowRolled = "ranges older than half the window when they were proven",
    RowsCounted = "ranges whose rows were counted",
    CountedComplete = "ranges found complete by their rows",
    Replayed = "recorded ranges read again",
    ReplayedWithLess = "recorded ranges read again with a quarter of the memory",
    ReplayedOtherPlan = "recorded ranges read again under another plan",
    ReplayedUnknownId = "records judged by an id that was recorded as unknown",
    Passed = "recorded ranges whose end had been compacted away",
    Compacted = "records compacted away",
    ReadTwice = "records delivered again by the consumer",
    Stashed = "records that waited outside their batch",
    MemoryFull = "workers whose memory was full",
    LetterLate = "dead letters acknowledged after their sender had gone",
    LetterTwice = "dead letters acknowledged twice",
    FencedNoMember = "fenced: no member",
    FencedLost = "fenced: lost",
    FencedAnotherMember = "fenced: another member",
    FencedPollOverdue = "fenced: not polled",
    FencedRefused = "fenced: commit refused",
    FencedAfterCommit = "fenced between a commit and its inserts",
    TableChanged = "workers that began anew because the table was altered",
    Ordered = "offsets that a person set through the store",
    OrderedOfStopped = "of these, of stopped partitions while the others ran on",
    ResetBack = "offsets set back by their owner",
    ResetForward = "offsets set forward by their owner, past records that are skipped",
    OrderToldByOther = "of these, those that another process told of than had set them",
    Rewound = "offsets set back by an operator",
    Unprovable = "partitions stopped: range-unprovable",
    Finished = "partitions read to the end",
}

/// How often each thing happened.
#[derive(Clone, Debug)]
pub(super) struct Counts([u64; Count::ALL.len()]);

impl Default for Counts {
    fn default() -> Self {
        Self([0; Count::ALL.len()])
    }
}

impl Counts {
    pub(super) fn add(&mut self, count: Count, times: usize) {
        self.0[count as usize] += times as u64;
    }

    pub(super) fn get(&self, count: Count) -> u64 {
        self.0[count as usize]
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }

    /// What never happened.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        let zero = Count::ALL.iter().filter(|(count, _)| self.get(*count) == 0);
        zero.map(|(_, words)| *words).collect()
    }
}
