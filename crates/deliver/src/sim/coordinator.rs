//! Joins, heartbeats and claims of consumers in, generations and assignments out: a group that
//! knows its members and never asks who owns what.

use super::{dice::Dice, log::P};
use crate::Member;

/// A consumer as the coordinator knows it.
#[derive(Debug)]
struct Joined {
    id: String,
    /// Its process.
    who: usize,
    /// Whether it has a name of its own (`group.instance.id`).
    fixed: bool,
    seen: u64,
    /// What it says it owns, once it has joined the present round.
    claims: Option<Vec<P>>,
    /// The generation that these are from.
    claimed_in: i32,
    given: Vec<P>,
    /// Whether it has yet to hear what it was given.
    news: bool,
}

/// An answer to a heartbeat.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Beat {
    Fine,
    /// The group has no such member.
    Unknown,
    /// The group changes: join again.
    Rejoin,
    /// A new generation, and what it gave to this member.
    Given(i32, Vec<P>),
}

/// What the coordinator thinks of who sends a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    Member,
    /// Error 25, or 82 for one whose name has another member by now.
    Unknown,
    /// Error 22.
    OtherGeneration,
}

/// How a group spreads partitions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habits {
    pub(super) session: u64,
    /// Longest time that a round waits for a member.
    pub(super) round: u64,
    /// Once in so many rounds a partition moves for no reason.
    pub(super) moves: u32,
}

/// One consumer group. Its offsets are the broker's affair.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) generation: i32,
    members: Vec<Joined>,
    /// Since when a round of joins is under way.
    round: Option<u64>,
    ids: u32,
    /// Partitions that the last generation has given to nobody yet.
    spare: usize,
}

impl Group {
    /// Everybody is gone.
    pub(super) fn disband(&mut self) {
        self.members.clear();
        self.round = None;
    }

    /// Whether nothing is changing.
    pub(super) fn is_stable(&self) -> bool {
        self.round.is_none() && self.members.iter().all(|member| !member.news)
    }

    /// Takes a new member, or the next life of one with a name, and returns its id.
    pub(super) fn join(
        &mut self,
        who: usize,
        fixed: bool,
        claims: (i32, Vec<P>),
        now: u64,
    ) -> String {
        let (claimed_in, claims) = claims;
        self.ids += 1;
        let id = format!("m{who}.{}", self.ids);
        let named = |member: &&mut Joined| fixed && member.fixed && member.who == who;
        if let Some(member) = self.members.iter_mut().find(named) {
            // The name is known: its bearer changes and the generation does not.
            member.id = id.clone();
            member.seen = now;
            member.claimed_in = claimed_in;
            if self.round.is_none() && self.spare == 0 {
                member.news = true;
            } else {
                // Kafka would leave what nobody has been given to nobody.
                member.claims = Some(claims);
                self.begin_round(now);
            }
            return id;
        }
        let (claims, given) = (Some(claims), Vec::new());
        let id_there = id.clone();
        let seen = now;
        let news = false;
        self.members.push(Joined {
            id: id_there,
            who,
            fixed,
            seen,
            claims,
            claimed_in,
            given,
            news,
        });
        self.begin_round(now);
        id
    }

    pub(super) fn begin_round(&mut self, now: u64) {
        self.round.get_or_insert(now);
    }

    /// A member joins the round under way, or begins one, with what it owns.
    pub(super) fn rejoin(&mut self, member: &Member, claims: &[P], now: u64) {
        self.begin_round(now);
        let Member { id, generation } = member;
        if let Some(member) = self.members.iter_mut().find(|member| member.id == *id) {
            member.claimed_in = *generation;
            member.claims = Some(claims.to_vec());
            member.seen = now;
        }
    }

    pub(super) fn heartbeat(&mut self, id: &str, now: u64) -> Beat {
        let Some(member) = self.members.iter_mut().find(|member| member.id == id) else {
            return Beat::Unknown;
        };
        member.seen = now;
        if self.round.is_some() {
            return if member.claims.is_none() { Beat::Rejoin } else { Beat::Fine };
        }
        if std::mem::take(&mut member.news) {
            return Beat::Given(self.generation, member.given.clone());
        }
        Beat::Fine
    }

    pub(super) fn leave(&mut self, id: &str, now: u64) {
        let before = self.members.len();
        self.members.retain(|member| member.id != id);
        if self.members.len() < before {
            self.begin_round(now);
        }
    }

    /// Throws out who has not been heard of. Returns how many.
    pub(super) fn expire(&mut self, now: u64, session: u64) -> usize {
        let before = self.members.len();
        self.members.retain(|member| now.saturating_sub(member.seen) < session);
        let gone = before - self.members.len();
        if gone > 0 {
            self.begin_round(now);
        }
        gone
    }

    /// The coordinator was away: everybody's time begins anew.
    pub(super) fn forgive(&mut self, now: u64) {
        self.members.iter_mut().for_each(|member| member.seen = now);
    }

    pub(super) fn sender(&self, id: &str, generation: i32) -> Sender {
        if !self.members.iter().any(|member| member.id == id) {
            Sender::Unknown
        } else if generation != self.generation {
            Sender::OtherGeneration
        } else {
            Sender::Member
        }
    }

    /// Ends the round if everybody has joined or has had the time to. Returns how many partitions
    /// were claimed by two members at once, if it ended.
    pub(super) fn settle(
        &mut self,
        partitions: usize,
        habits: Habits,
        now: u64,
        dice: &mut Dice,
    ) -> Option<usize> {
        let since = self.round?;
        let late = now.saturating_sub(since) >= habits.round;
        if !late && self.members.iter().any(|member| member.claims.is_none()) {
            return None;
        }
        self.members.retain(|member| member.claims.is_some());
        self.round = None;
        self.generation += 1;
        let mut contested = 0;
        let mut owners: Vec<Option<usize>> = Vec::new();
        for p in 0..partitions {
            let claims =
                |member: &Joined| member.claims.as_ref().is_some_and(|all| all.contains(&p));
            let found = self.members.iter().enumerate().filter(|(_, member)| claims(member));
            let found: Vec<usize> = found.map(|(index, _)| index).collect();
            contested += usize::from(found.len() > 1);
            // The claim of the later generation is the true one.
            owners.push(found.into_iter().max_by_key(|index| self.members[*index].claimed_in));
        }
        self.spread(&owners, habits.moves, dice);
        Some(contested)
    }

    /// Cooperative and sticky: owners keep what they have, up to their share; what one has to give
    /// up goes to nobody until it has done so.
    fn spread(&mut self, owners: &[Option<usize>], moves: u32, dice: &mut Dice) {
        if self.members.is_empty() {
            return;
        }
        let most = owners.len().div_ceil(self.members.len());
        for member in &mut self.members {
            member.given = Vec::new();
            member.claims = None;
            member.news = true;
        }
        let moved = dice.one_in(moves).then(|| dice.below(owners.len()));
        for (p, owner) in owners.iter().enumerate() {
            let Some(owner) = *owner else { continue };
            let given = &mut self.members[owner].given;
            if given.len() < most && moved != Some(p) {
                given.push(p);
            }
        }
        for (p, owner) in owners.iter().enumerate() {
            if owner.is_none()
                && let Some(poorest) = self.members.iter_mut().min_by_key(|one| one.given.len())
            {
                poorest.given.push(p);
            }
        }
        let given: usize = self.members.iter().map(|member| member.given.len()).sum();
        self.spare = owners.len() - given;
    }
}
