//! The outcomes of a job's last attempts.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::RunStatus;

/// How many of the last runs' outcomes a job remembers.
const RECENT: usize = 5;

/// The outcomes of a job's last attempts, the newest last.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Recent([Option<RunStatus>; RECENT]);

impl Recent {
    pub(super) fn push(&mut self, status: RunStatus) {
        self.0.rotate_left(1);
        self.0[RECENT - 1] = Some(status);
    }

    pub(crate) fn newest(self) -> Option<RunStatus> {
        self.0[RECENT - 1]
    }

    pub(super) fn iter(self) -> impl Iterator<Item = RunStatus> {
        self.0.into_iter().flatten()
    }
}

/// A list of those there are.
impl Serialize for Recent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Recent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut recent = Self::default();
        Vec::deserialize(deserializer)?.into_iter().for_each(|status| recent.push(status));
        Ok(recent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_stored_as_a_list_of_those_there_are() {
        use RunStatus::{Completed, Failed};
        let mut recent = Recent::default();
        let cases = [
            (Completed, r#"["completed"]"#),
            (Failed, r#"["completed","failed"]"#),
            (Completed, r#"["completed","failed","completed"]"#),
            (Completed, r#"["completed","failed","completed","completed"]"#),
            (Completed, r#"["completed","failed","completed","completed","completed"]"#),
            (Failed, r#"["failed","completed","completed","completed","failed"]"#),
        ];
        for (status, stored) in cases {
            recent.push(status);
            assert_eq!(serde_json::to_string(&recent).unwrap(), stored);
            assert_eq!(serde_json::from_str::<Recent>(stored).unwrap(), recent);
        }
    }
}
