//! What the group says in, callbacks out: a consumer as librdkafka keeps it, with its own ideas of
//! who it is and what it owns.

use std::collections::{BTreeMap, VecDeque};

use super::{
    coordinator::{Beat, Group},
    log::P,
};
use crate::Member;

/// A change of the group that the worker must answer.
#[derive(Clone, Debug)]
pub(super) enum Rebalance {
    Assign(Vec<P>),
    Revoke(Vec<P>),
}

/// Where a partition is fetched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fetch {
    pub(super) next: i64,
    pub(super) paused: bool,
}

/// A consumer.
#[derive(Debug, Default)]
pub(super) struct Client {
    /// Whether it has a name of its own (`group.instance.id`).
    pub(super) fixed: bool,
    pub(super) member: Member,
    /// Whether it knows that all it owned belongs to others.
    pub(super) lost: bool,
    pub(super) events: VecDeque<Rebalance>,
    /// Taken by the worker, not answered yet.
    pub(super) serving: Option<Rebalance>,
    /// What it would claim.
    pub(super) owned: Vec<P>,
    pub(super) fetches: BTreeMap<P, Fetch>,
    pub(super) polled: u64,
    /// Whether the next poll says that it came too late.
    pub(super) overdue: bool,
    /// Whether it was thrown out while a callback was outstanding: then the callback that would
    /// revoke everything is skipped (seen in librdkafka 2.12.1).
    skipped: bool,
    rejoins: bool,
}

/// What a look at the group led to, for the history.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Met {
    Nothing,
    ThrownOut,
    Overdue,
    /// Everything is to be given up, since it is lost.
    Lost,
    Joined,
    /// It joined as somebody new and still believes to own what it did.
    JoinedOwning,
    Given,
}

impl Client {
    pub(super) fn new(fixed: bool) -> Self {
        Self { fixed, ..Self::default() }
    }

    fn is_busy(&self) -> bool {
        self.serving.is_some() || !self.events.is_empty()
    }

    /// What its own thread does, which runs even while the worker stands still.
    pub(super) fn look(&mut self, who: usize, group: &mut Group, now: u64, poll_max: u64) -> Met {
        let mut met = Met::Nothing;
        if !self.member.id.is_empty() && now.saturating_sub(self.polled) >= poll_max {
            group.leave(&self.member.id, now);
            self.overdue = true;
            self.thrown_out();
            return Met::Overdue;
        }
        if !self.member.id.is_empty() {
            match group.heartbeat(&self.member.id, now) {
                Beat::Unknown => {
                    self.thrown_out();
                    return Met::ThrownOut;
                }
                Beat::Given(generation, given) => {
                    self.given(generation, &given);
                    met = Met::Given;
                }
                Beat::Rejoin if !self.is_busy() => {
                    group.rejoin(&self.member, &self.owned, now);
                    self.rejoins = false;
                }
                Beat::Fine if self.rejoins && !self.is_busy() => {
                    group.rejoin(&self.member, &self.owned, now);
                    self.rejoins = false;
                }
                Beat::Rejoin | Beat::Fine => {}
            }
        } else if !self.is_busy() {
            let keeps = self.skipped && self.fixed;
            if !self.owned.is_empty() && !keeps {
                self.lose();
                return Met::Lost;
            }
            met = if self.owned.is_empty() { Met::Joined } else { Met::JoinedOwning };
            let claims = (self.member.generation, self.owned.clone());
            self.member.id = group.join(who, self.fixed, claims, now);
            (self.skipped, self.rejoins, self.lost) = (false, false, false);
        }
        met
    }

    fn thrown_out(&mut self) {
        self.member.id.clear();
        if self.is_busy() {
            self.skipped = true;
        } else {
            self.lose();
        }
    }

    fn lose(&mut self) {
        if !self.owned.is_empty() {
            self.lost = true;
            self.events.push_back(Rebalance::Revoke(self.owned.clone()));
        }
    }

    fn given(&mut self, generation: i32, given: &[P]) {
        self.member.generation = generation;
        let less: Vec<P> = self.owned.iter().filter(|p| !given.contains(p)).copied().collect();
        let more: Vec<P> = given.iter().filter(|p| !self.owned.contains(p)).copied().collect();
        let quiet = less.is_empty();
        if !quiet {
            self.events.push_back(Rebalance::Revoke(less));
            self.rejoins = true;
        }
        if quiet || !more.is_empty() {
            self.events.push_back(Rebalance::Assign(more));
        }
    }

    /// The worker answers an assign.
    pub(super) fn assign(&mut self, partitions: &[(P, i64)]) {
        for (p, next) in partitions {
            if !self.owned.contains(p) {
                self.owned.push(*p);
            }
            self.fetches.insert(*p, Fetch { next: *next, paused: false });
        }
        self.owned.sort_unstable();
        self.serving = None;
    }

    /// The worker answers a revoke.
    pub(super) fn unassign(&mut self, partitions: &[P]) {
        self.owned.retain(|p| !partitions.contains(p));
        self.fetches.retain(|p, _| !partitions.contains(p));
        self.serving = None;
        if self.owned.is_empty() {
            self.lost = false;
        }
    }
}
