//! All profiles that can be named, and how one builds on another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::{Place, Problem, Problems, ProfileError, nearest};
use super::keys::{Key, PROFILE};
use super::overrides::{self, Override};
use super::raw::{Document, Settings, read};
use super::resolve::resolve;
use super::resolved::Profile;

/// The one key that is not inherited from a profile of another name.
const ROUTE: &str = "route";

/// How near to the user a file is; nearer ones win.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// In the binary.
    BuiltIn,
    /// In the user's configuration directory.
    User,
    /// In the current directory.
    Project,
}

/// The text of a profile and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The profile's name: the file's name without `.toml`.
    pub name: String,
    /// The file as people know it, such as `profiles/coder.toml`.
    pub origin: String,
    /// What relative paths in it are relative to: the directory of the file, absolute.
    pub dir: PathBuf,
    /// How near it is.
    pub level: Level,
    /// Its text.
    /// Or why it cannot be read: told when somebody asks for it.
    pub text: Result<String, String>,
}

/// Directories that values can refer to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bases {
    /// What `~` stands for, if anything.
    pub home: Option<PathBuf>,
    /// What relative paths on the command line are relative to.
    pub current: PathBuf,
}

/// A resolved profile, and what there is to say about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// The profile.
    pub profile: Profile,
    /// Things worth saying that are no errors.
    pub notes: Vec<String>,
    /// Where each value was written, by dotted key; what is not here is a default.
    pub origins: BTreeMap<String, Place>,
    /// The keys that the user has set, in a file to something else than "auto", or on the command line.
    pub own: BTreeSet<String>,
}

/// All profiles that can be named.
///
/// Files are kept as text and read when they are needed, so that a broken one is in nobody's way.
///
/// A file builds on the profile that it `extends`; without that, on the next farther file of its
/// own name; without that, on the defaults. (A `route` is not passed on to another name.) So a two-line `profiles/coder.toml` changes two values
/// of the built-in `coder`, and with it of the built-in `algorithm`, which extends `coder`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileSet {
    /// Sorted by name, and the nearest first within a name.
    sources: Vec<Source>,
    /// What was tuned, by profile.
    pub(super) tuned: Vec<Source>,
    bases: Bases,
}

impl Source {
    /// What it says, and everything that is wrong in it.
    pub(super) fn read(&self, keys: &'static [Key]) -> (Settings, Vec<Problem>) {
        match &self.text {
            Ok(text) => read(&Document {
                origin: self.origin.as_str().into(),
                text,
                dir: Arc::from(Path::new(&self.dir)),
                keys,
            }),
            Err(reason) => {
                let place = Place::file(self.origin.as_str());
                let problem = Problem::new(place, reason.as_str());
                (Settings::default(), vec![problem])
            }
        }
    }
}

impl ProfileSet {
    /// The set of these profiles.
    #[must_use]
    pub fn new(mut sources: Vec<Source>, bases: Bases) -> Self {
        sources.sort_by(|one, other| (&one.name, other.level).cmp(&(&other.name, one.level)));
        Self {
            sources,
            tuned: Vec::new(),
            bases,
        }
    }

    /// The set with one more file, in place of the one of its name and level if there is one.
    #[must_use]
    pub fn with(self, source: Source) -> Self {
        let mut sources = self.sources;
        sources.retain(|other| (&other.name, other.level) != (&source.name, source.level));
        sources.push(source);
        Self::new(sources, self.bases).with_tuned(self.tuned)
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let mut last = None;
        self.sources
            .iter()
            .map(|source| source.name.as_str())
            .filter(move |name| last.replace(*name) != Some(*name))
    }

    /// The files of one name, the nearest first.
    pub fn sources<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Source> {
        self.sources
            .iter()
            .filter(move |source| source.name == name)
    }

    /// Resolves a profile, with some keys changed for one run.
    ///
    /// # Errors
    /// When there is none of this name, or with everything that is wrong in the files it builds on
    /// and in the overrides.
    pub fn resolve(&self, name: &str, overrides: &[Override]) -> Result<Resolved, ProfileError> {
        self.resolve_over(name, overrides, Settings::default())
    }

    /// The same, with settings that hold where the user has said nothing.
    pub(super) fn resolve_over(
        &self,
        name: &str,
        overrides: &[Override],
        tuned: Settings,
    ) -> Result<Resolved, ProfileError> {
        let Some(nearest) = self.sources(name).next() else {
            return Err(self.missing(name));
        };
        let (layers, mut problems) = self.chain(nearest);
        let (mut settings, mut own) = (Settings::default(), BTreeSet::new());
        let top = layers.len();
        for (layer, (level, nearer)) in layers.into_iter().rev().enumerate() {
            for (path, set) in nearer.iter() {
                // "auto" in a file leaves the choice to us.
                if level == Level::BuiltIn || set.value.as_str() == Some("auto") {
                    own.remove(path);
                } else {
                    own.insert(path.to_owned());
                }
            }
            settings.lay(nearer, layer);
        }
        let (changed, more) = overrides::settings(overrides, &self.bases.current);
        own.extend(changed.iter().map(|(path, _)| path.to_owned()));
        settings.lay(tuned.without(&own), top);
        settings.lay(changed, top + 1);
        problems.extend(more);
        let (profile, notes, more) = resolve(
            name,
            &Place::file(nearest.origin.as_str()),
            &settings,
            self.bases.home.as_deref(),
        );
        // A value that could not be read leaves a default behind, about which to complain would
        // only confuse.
        if problems.is_empty() {
            problems = more;
        }
        Problems::none_of(problems)?;
        let origins = settings
            .iter()
            .map(|(path, set)| (path.to_owned(), set.place.clone()))
            .collect();
        Ok(Resolved {
            profile,
            notes,
            origins,
            own,
        })
    }

    fn missing(&self, name: &str) -> ProfileError {
        ProfileError::Missing {
            name: name.to_owned(),
            nearest: nearest(name, self.names()).map(str::to_owned),
            known: self.names().map(str::to_owned).collect(),
        }
    }

    /// What the files say that a file builds on, itself first, each with how near it is, and everything
    /// wrong in them.
    fn chain<'a>(&'a self, first: &'a Source) -> (Vec<(Level, Settings)>, Vec<Problem>) {
        let (mut layers, mut problems) = (Vec::new(), Vec::new());
        let mut seen: Vec<&Source> = Vec::new();
        let mut next = Some(first);
        while let Some(source) = next {
            seen.push(source);
            let (mut settings, wrong) = source.read(PROFILE);
            problems.extend(wrong);
            // What requests a profile suits is nothing that another one takes over: two with the same
            // line would leave a router no choice.
            if source.name != first.name {
                settings.remove(ROUTE);
            }
            next = match self.parent(source, &settings, &seen) {
                Ok(parent) => parent,
                Err(problem) => {
                    problems.push(problem);
                    None
                }
            };
            layers.push((source.level, settings));
        }
        (layers, problems)
    }

    /// The file that a file builds on, if any.
    fn parent<'a>(
        &'a self,
        source: &'a Source,
        settings: &Settings,
        seen: &[&Source],
    ) -> Result<Option<&'a Source>, Problem> {
        let farther = self
            .sources(&source.name)
            .find(|other| other.level < source.level);
        let Some(extends) = settings.get("extends") else {
            return Ok(farther);
        };
        let name = extends.value.as_str().unwrap_or_default();
        if name.is_empty() {
            return Ok(None);
        }
        let problem = |what: String| Problem::new(extends.place.clone(), what);
        if name == source.name {
            return farther.map(Some).ok_or_else(|| {
                problem(format!(
                    "profile \"{name}\" extends itself, and there is no other \"{name}\""
                ))
            });
        }
        let parent = self.sources(name).next().ok_or_else(|| {
            let others = self.names().filter(|known| *known != source.name);
            problem(format!("\"extends\" names \"{name}\", which is no profile"))
                .with_nearest(nearest(name, others))
        })?;
        if seen.iter().any(|other| std::ptr::eq(*other, parent)) {
            let names: Vec<_> = seen.iter().map(|source| source.name.as_str()).collect();
            return Err(problem(format!(
                "profiles extend each other in a circle: {} → {name}",
                names.join(" → ")
            )));
        }
        Ok(Some(parent))
    }
}
