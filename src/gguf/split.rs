//! A model in several files: how they are called, and how their headers make up one.

use std::collections::HashSet;

use super::{GgufError, GgufHeader, Tensor};

/// The name of a part, as llama.cpp makes it: `%s-%05d-of-%05d.gguf` (`llama_split_path` in llama.cpp).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartName {
    /// What comes before the numbers.
    pub prefix: String,
    /// Which part it is, from 1.
    pub number: u32,
    /// How many there are.
    pub count: u32,
}

impl PartName {
    /// Reads the name of a file; `None` of one that is no part.
    #[must_use]
    pub fn parse(file_name: &str) -> Option<Self> {
        let rest = file_name.strip_suffix(".gguf")?;
        let (rest, count) = rest.rsplit_once("-of-")?;
        let (prefix, number) = rest.rsplit_once('-')?;
        let five = |digits: &str| {
            let is_number = digits.len() == 5 && digits.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| digits.parse().ok()).flatten()
        };
        let (number, count) = (five(number)?, five(count)?);
        (1..=count).contains(&number).then(|| Self {
            prefix: prefix.to_owned(),
            number,
            count,
        })
    }

    /// The name of another part of the same model.
    #[must_use]
    pub fn sibling(&self, number: u32) -> Self {
        Self {
            number,
            ..self.clone()
        }
    }

    /// The names of all parts, the first one first.
    pub fn all(&self) -> impl Iterator<Item = Self> + '_ {
        (1..=self.count).map(|number| self.sibling(number))
    }
}

impl std::fmt::Display for PartName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}-{:05}-of-{:05}.gguf",
            self.prefix, self.number, self.count
        )
    }
}

impl GgufHeader {
    /// How many files the model is in, by its own word; 1 of one that says nothing.
    #[must_use]
    pub fn parts(&self) -> u64 {
        self.split_count.unwrap_or(1).max(1)
    }

    /// Which part this is, from 1, by its own word.
    #[must_use]
    pub fn part(&self) -> u64 {
        let number = self.numbers.get("split.no").copied();
        number.unwrap_or(0).saturating_add(1)
    }

    /// Adds the tensors of another part to the first one's header. Their offsets stay those in their own
    /// file.
    ///
    /// # Errors
    /// [`GgufError::ForeignPart`] when it is a part of another model: its number of parts differs, or it
    /// has a tensor that is already there.
    pub fn join(&mut self, other: Self) -> Result<(), GgufError> {
        let foreign = |what| Err(GgufError::ForeignPart { what });
        if other.parts() != self.parts() {
            return foreign(format!(
                "it is one of {} parts, and the first one is one of {}",
                other.parts(),
                self.parts()
            ));
        }
        let known: HashSet<&str> = self.table.iter().map(|one| one.name.as_str()).collect();
        let mut tensors = other.table.iter();
        if let Some(twice) = tensors.find(|one| known.contains(one.name.as_str())) {
            return foreign(format!(
                "the tensor \"{}\" is in an earlier one",
                twice.name
            ));
        }
        let part = self.table.last().map_or(0, |last| last.part + 1);
        self.tensors = self.tensors.saturating_add(other.tensors);
        self.parameters = self.parameters.saturating_add(other.parameters);
        self.weight_bytes = self.weight_bytes.saturating_add(other.weight_bytes);
        let table = other.table.into_iter();
        self.table
            .extend(table.map(|tensor| Tensor { part, ..tensor }));
        self.quantization = self.quantization.take().or(other.quantization);
        Ok(())
    }
}
