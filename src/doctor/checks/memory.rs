//! Memory, swap, pages.

use super::super::facts::{Facts, Model, Needs};
use super::super::finding::Finding;
use super::super::finding::value::{count, text, texts};
use crate::units::Bytes;

/// A profile with what it needs at the least: weights and context. Buffers for computing come on top.
struct Wish<'a> {
    needs: &'a Needs,
    bytes: u64,
    /// Whether all of it is known; else it is the weights alone.
    is_estimate: bool,
}

impl Wish<'_> {
    fn told(&self) -> String {
        let how = if self.is_estimate {
            "about"
        } else {
            "at least"
        };
        format!(
            "profile \"{}\" needs {how} {}",
            self.needs.profile,
            Bytes(self.bytes)
        )
    }
}

/// What profiles with a model of their own need, the most first. Where layers go to a GPU, most of the
/// weights do too, and nothing is said.
fn wishes(facts: &Facts) -> Vec<Wish<'_>> {
    let on_cpu = facts
        .profiles
        .needs
        .iter()
        .filter(|needs| needs.gpu_layers == 0);
    let mut wishes: Vec<Wish<'_>> = on_cpu
        .filter_map(|needs| match &needs.model {
            Model::File {
                bytes, peak_bytes, ..
            } => Some(Wish {
                needs,
                bytes: peak_bytes.unwrap_or(*bytes),
                is_estimate: peak_bytes.is_some(),
            }),
            Model::BuiltIn | Model::Unusable(_) => None,
        })
        .collect();
    wishes.sort_by_key(|wish| std::cmp::Reverse((wish.needs.is_default, wish.bytes)));
    wishes
}

/// Memory against what the profiles' models need.
pub(super) fn memory(facts: &Facts) -> Finding {
    let memory = &facts.memory;
    let limit = facts.cgroup.memory_limit_bytes;
    let all = memory.total_bytes.into_iter().chain(limit).min();
    let wishes = wishes(facts);
    let finding = match (all, memory.available_bytes) {
        (None, _) => Finding::unknown("the system does not tell how much memory there is"),
        (Some(all), available) => {
            let now = available.map_or(all, |available| available.min(all));
            against(&wishes, all, now, limit == Some(all))
        }
    };
    finding
        .fact("memory_total_bytes", memory.total_bytes.map(count))
        .fact("memory_available_bytes", memory.available_bytes.map(count))
        .fact("cgroup_limit_bytes", limit.map(count))
        .fact("needed", texts(wishes.iter().map(Wish::told)))
}

fn against(wishes: &[Wish<'_>], all: u64, now: u64, is_group: bool) -> Finding {
    let whose = if is_group {
        "the control group"
    } else {
        "the machine"
    };
    let remedy = "a smaller model or quantisation, a smaller context, or kv_type_k and kv_type_v = \
                  \"q8_0\": `orchestrate plan PROFILE` tells what each brings";
    let most = wishes.iter().find(|wish| wish.bytes > all);
    if let Some(wish) = most {
        let found = format!("{}, and {whose} has {}", wish.told(), Bytes(all));
        // Another profile's model is nobody's trouble until it is asked for.
        return if wish.needs.is_default {
            Finding::error(found, remedy)
        } else {
            Finding::warning(found, remedy)
        };
    }
    if let Some(wish) = wishes.iter().find(|wish| wish.bytes > now) {
        return Finding::warning(
            format!("{}, and {} are available now", wish.told(), Bytes(now)),
            format!("end other programs; or {remedy}"),
        );
    }
    let fits = match wishes.iter().max_by_key(|wish| wish.bytes) {
        None => String::new(),
        Some(wish) => format!("; {}", wish.told()),
    };
    Finding::ok(format!("{} of {} available{fits}", Bytes(now), Bytes(all)))
}

/// Swap.
pub(super) fn swap(facts: &Facts) -> Finding {
    let memory = &facts.memory;
    let finding = match (memory.swap_total_bytes, memory.swap_free_bytes) {
        (None, _) => Finding::unknown("the system does not tell of swap"),
        (Some(0), _) => {
            Finding::note("none: a process that needs too much memory is ended at once")
        }
        (Some(total), free) => {
            let used = total.saturating_sub(free.unwrap_or(total));
            // With more than half of it in use, memory is short, and weights are the next to go.
            if used > total / 2 {
                Finding::warning(
                    format!(
                        "{} of {} in use: memory is short",
                        Bytes(used),
                        Bytes(total)
                    ),
                    "end other programs, or take a smaller model: weights that are swapped out make \
                     every token wait for the disk",
                )
            } else {
                Finding::ok(format!("{} of {} in use", Bytes(used), Bytes(total)))
            }
        }
    };
    finding
        .fact("swap_total_bytes", memory.swap_total_bytes.map(count))
        .fact("swap_free_bytes", memory.swap_free_bytes.map(count))
}

/// Locked memory, where a profile wants it.
pub(super) fn locked(facts: &Facts) -> Finding {
    let locking = || {
        facts
            .profiles
            .needs
            .iter()
            .filter(|needs| needs.locks_memory)
    };
    if locking().next().is_none() {
        return Finding::not_applicable("no profile has load_mode = \"mlock\"");
    }
    let limit = facts.locked_memory.soft;
    let over = locking().find_map(|needs| match (&needs.model, limit) {
        (Model::File { bytes, .. }, Some(limit)) if *bytes > limit => Some((needs, *bytes, limit)),
        _ => None,
    });
    let finding = match over {
        None => Finding::ok("profiles that lock their model may"),
        Some((needs, bytes, limit)) => Finding::warning(
            format!(
                "profile \"{}\" locks {}, and {} are allowed (ulimit -l)",
                needs.profile,
                Bytes(bytes),
                Bytes(limit)
            ),
            format!(
                "`ulimit -l {}`, or memlock in /etc/security/limits.conf; or another load_mode",
                bytes.div_ceil(1024)
            ),
        ),
    };
    finding.fact("locked_memory_limit_bytes", limit.map(count))
}

/// Transparent huge pages.
pub(super) fn huge_pages(facts: &Facts) -> Finding {
    let state = facts.transparent_huge_pages.as_deref();
    let finding = match state {
        None => {
            Finding::not_applicable("this system has no transparent huge pages, or does not tell")
        }
        Some("never") => {
            Finding::note("transparent huge pages are off (never); the gain is unknown")
        }
        Some(other) => Finding::ok(format!("transparent huge pages: {other}")),
    };
    finding.fact("transparent_huge_pages", state.map(text))
}
