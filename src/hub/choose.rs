//! Which files of a repository are meant: by quantisation, by name, split files all of them.

/// The quantisation that is taken where none is named: the one most people run.
pub const DEFAULT_QUANT: &str = "Q4_K_M";

/// Names of tensors' types and of mixes begin so: `q4_k_m`, `iq4_nl`, `tq1_0`, `f16`, `bf16`, `mxfp4`.
const BEGINNINGS: [&str; 8] = ["Q", "IQ", "TQ", "F16", "BF16", "F32", "MXFP", "NVFP"];

/// Files that have the ending and are no language model: projectors of vision models, statistics.
const OTHERS: [&str; 2] = ["mmproj", "imatrix"];

/// Why no file was chosen; reads on after the name of the repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChooseError {
    /// There is no GGUF file at all.
    #[error("it has no GGUF file; look for a repository of the same model whose name ends in GGUF")]
    NoGguf,
    /// There is none of that quantisation.
    #[error("it has no file of {wanted}; there are {}", there.join(", "))]
    Absent {
        /// What was looked for.
        wanted: String,
        /// What there is.
        there: Vec<String>,
    },
    /// There are several.
    #[error("it has several files of {wanted}; name one in place of the quantisation: {}", there.join(", "))]
    Several {
        /// What was looked for.
        wanted: String,
        /// Their names.
        there: Vec<String>,
    },
    /// Parts of a split file are missing.
    #[error("it has only {found} of the {count} parts of {name}")]
    PartsMissing {
        /// The name without its part.
        name: String,
        /// Parts that there are.
        found: usize,
        /// Parts that there should be.
        count: usize,
    },
}

/// A file, or all parts of one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Model<'a> {
    /// The name without ending and part.
    stem: &'a str,
    parts: usize,
    files: Vec<&'a str>,
}

/// Chooses among the paths in a repository. Parts of a split file come in their order.
///
/// # Errors
/// [`ChooseError`], which says what there is.
pub fn choose<'a>(paths: &[&'a str], quant: Option<&str>) -> Result<Vec<&'a str>, ChooseError> {
    let models = models(paths);
    if models.is_empty() {
        return Err(ChooseError::NoGguf);
    }
    // A file that is named is meant, whatever it is.
    let is_model = |path: &&str| models.iter().any(|model| model.files.contains(path));
    let mut others = paths
        .iter()
        .filter(|path| path.ends_with(".gguf") && !is_model(path));
    if let Some(named) = others.find(|path| quant == Some(**path)) {
        return Ok(vec![named]);
    }
    let wanted = quant.unwrap_or(DEFAULT_QUANT);
    let mut found: Vec<&Model<'_>> = models.iter().filter(|model| model.is(wanted)).collect();
    if found.is_empty() && quant.is_none() && models.len() == 1 {
        found = models.iter().collect();
    }
    match found[..] {
        [model] => model.whole(),
        [] => Err(ChooseError::Absent {
            wanted: wanted.to_owned(),
            there: sorted(models.iter().map(Model::label)),
        }),
        _ => Err(ChooseError::Several {
            wanted: wanted.to_owned(),
            there: sorted(found.iter().map(|model| model.files[0].to_owned())),
        }),
    }
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<String> = names.collect();
    names.sort();
    names.dedup();
    names
}

fn models<'a>(paths: &[&'a str]) -> Vec<Model<'a>> {
    let mut models: Vec<Model<'a>> = Vec::new();
    let mut paths = paths.to_vec();
    paths.sort_unstable();
    for path in paths {
        let Some(whole) = path.strip_suffix(".gguf") else {
            continue;
        };
        let name = whole.rsplit('/').next().unwrap_or(whole).to_lowercase();
        if OTHERS.iter().any(|other| name.contains(other)) {
            continue;
        }
        let (stem, parts) = without_part(whole);
        match models.iter_mut().find(|model| model.stem == stem) {
            Some(model) => model.files.push(path),
            None => models.push(Model {
                stem,
                parts,
                files: vec![path],
            }),
        }
    }
    models
}

/// Takes off `-00001-of-00003`, as gguf-split names parts; answers with how many there are.
fn without_part(stem: &str) -> (&str, usize) {
    /// `-00001-of-00003`
    const PART: usize = 15;
    let at = stem.len().saturating_sub(PART);
    let split = stem.split_at_checked(at).and_then(|(name, part)| {
        let (number, count) = part.strip_prefix('-')?.split_once("-of-")?;
        number.parse::<usize>().ok()?;
        Some((name, count.parse().ok()?))
    });
    split.unwrap_or((stem, 1))
}

impl<'a> Model<'a> {
    /// Whether a word of the command line means it: its quantisation, with or without Unsloth's `UD-`, or
    /// one of its files.
    fn is(&self, wanted: &str) -> bool {
        let label = self.label();
        let is_label = label.eq_ignore_ascii_case(wanted);
        is_label
            || label
                .strip_prefix("UD-")
                .is_some_and(|plain| plain.eq_ignore_ascii_case(wanted))
            || self.files.contains(&wanted)
            || self.stem == wanted
    }

    /// Its quantisation, by the end of its name, such as `Q4_K_M` or `UD-Q4_K_XL`; else its name.
    fn label(&self) -> String {
        let name = self.stem.rsplit('/').next().unwrap_or(self.stem);
        let upper = name.to_uppercase();
        let at = upper.rfind(['-', '.']).map_or(0, |at| at + 1);
        let last = &upper[at..];
        let begins = |beginning: &str| {
            let is_whole = beginning.ends_with(|c: char| c.is_ascii_digit());
            last.strip_prefix(beginning)
                .is_some_and(|rest| is_whole || rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        if !BEGINNINGS.into_iter().any(begins) {
            return name.to_owned();
        }
        let dynamic = upper[..at].ends_with("-UD-");
        format!("{}{last}", if dynamic { "UD-" } else { "" })
    }

    fn whole(&self) -> Result<Vec<&'a str>, ChooseError> {
        if self.files.len() == self.parts {
            return Ok(self.files.clone());
        }
        Err(ChooseError::PartsMissing {
            name: self.stem.to_owned(),
            found: self.files.len(),
            count: self.parts,
        })
    }
}
