//! Whose turn it is to be asked first, so that shares come out exact.

use crate::StepId;

/// What the recipients of one group are owed. No recipient is ever a whole turn ahead of its share or
/// behind it (Tijdeman, "The chairman assignment problem", 1980). What is known is a sum over the turns that
/// were taken, so their order does not matter, and a turn whose event a crash took away was never taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Turns {
    owed: Vec<(StepId, i64)>,
}

/// One recipient that could be asked first, and its weight.
pub type Candidate = (StepId, u32);

impl Turns {
    /// Goes on with what the recipients are owed.
    pub fn owing(owed: Vec<(StepId, i64)>) -> Turns {
        Turns { owed }
    }

    /// What each recipient is owed.
    pub fn all_owed(&self) -> impl Iterator<Item = (StepId, i64)> {
        self.owed.iter().cloned()
    }

    /// Who of these comes first; ties by their order. None when there is nobody. Weights are above 0.
    pub fn choose(&self, candidates: &[Candidate]) -> Option<StepId> {
        let all: i128 = candidates.iter().map(|(_, weight)| i128::from(*weight)).sum();
        let parts = 2 * i128::try_from(candidates.len()).expect("a group has few recipients") - 2;
        // Of those whose claim on this turn has come up, the one whose share would first be a turn behind.
        let mut best: Option<(i128, i128, &StepId)> = None;
        let mut most: Option<(i128, &StepId)> = None;
        for (id, weight) in candidates {
            let weight = i128::from(*weight).max(1);
            let claim = i128::from(self.owed(id)) + weight;
            if most.is_none_or(|(claimed, _)| claim > claimed) {
                most = Some((claim, id));
            }
            let slack = (parts - 1) * all - parts * claim;
            let is_up = parts * claim >= all;
            if is_up && best.is_none_or(|(other, of, _)| slack * of < other * weight) {
                best = Some((slack, weight, id));
            }
        }
        // When others have been away, nobody's may have come up.
        best.map(|(_, _, id)| id).or(most.map(|(_, id)| id)).cloned()
    }

    /// Counts a turn: of these, this one was asked first.
    pub fn take(&mut self, candidates: &[Candidate], first: &StepId) {
        self.add(candidates, first, 1);
    }

    /// Takes a turn back that came to nothing.
    pub fn give_back(&mut self, candidates: &[Candidate], first: &StepId) {
        self.add(candidates, first, -1);
    }

    fn add(&mut self, candidates: &[Candidate], first: &StepId, sign: i64) {
        let mut all = 0;
        for (id, weight) in candidates {
            let weight = i64::from(*weight);
            all += weight;
            *self.entry(id) += sign * weight;
        }
        *self.entry(first) -= sign * all;
    }

    fn owed(&self, id: &StepId) -> i64 {
        self.owed.iter().find(|(own, _)| own == id).map_or(0, |(_, owed)| *owed)
    }

    fn entry(&mut self, id: &StepId) -> &mut i64 {
        let at = self.owed.iter().position(|(own, _)| own == id).unwrap_or_else(|| {
            self.owed.push((id.clone(), 0));
            self.owed.len() - 1
        });
        &mut self.owed[at].1
    }
}
