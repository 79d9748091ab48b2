//! Whether a setting gives the answers that llama.cpp's defaults give.
//!
//! Where the types of the KV cache are the same, the greedy text must be: whatever else is varied decides
//! in which order numbers are added, not which. Where they differ, rounding is meant, and the same tokens
//! must stay about as likely.
use crate::dialect::choice::Place;
use crate::engine::Drill;
use crate::profile::{Profile, Prompt};
use crate::trial::{Asked, NoFigures, Stage, Wishes};
use crate::vendor::Install;

/// What is asked: prose, code and a list, as the three go on differently. The code is longer than the
/// smallest micro-batches, so that a prompt is read in several of them.
const PROMPTS: [&str; 3] = [
    "Once upon a time there was a small village at the foot of a mountain, and",
    "def is_prime(n):\n    if n < 2:\n        return False\n    for d in range(2, int(n ** 0.5) + 1):\n        \
     if n % d == 0:\n            return False\n    return True\n\n\ndef primes_below(limit):\n    return [n \
     for n in range(limit) if is_prime(n)]\n\n\ndef factors(n):\n    found = []\n    d = 2\n    while n > 1:\n        \
     while n % d == 0:\n            found.append(d)\n            n //= d\n        d += 1\n    return found\n\n\n\
     def greatest_common_divisor(a, b):\n    \"\"\"Euclid's algorithm.\"\"\"\n",
    "The four seasons of the year are",
];
/// Tokens of each answer.
const TOKENS: u32 = 32;
/// How many of the likeliest tokens are told: the default's choice is among them, or is far off.
const LIKELIEST: u32 = 20;
/// How far the logarithm of a token's probability may move: to 0.7 or 1.35 times as much. Seen from
/// f16 to q8_0: at most 0.10; to q4_0: up to 0.61 (the embedded model, and random weights in the shape of
/// Qwen3 0.6B).
const MOST_SHIFT: f64 = 0.3;

/// What the defaults answer, once it was asked for.
#[derive(Debug, Default)]
pub(super) struct Guard {
    texts: Option<Vec<String>>,
    places: Option<Vec<Vec<Place>>>,
}

/// The programs that answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Programs<'a> {
    pub(super) install: &'a Install,
    /// For what only a server tells.
    pub(super) server: Option<&'a Install>,
}

impl Guard {
    /// Whether this profile answers as the default does; else why not.
    pub(super) async fn check(
        &mut self,
        stage: &Stage,
        programs: Programs<'_>,
        default: &Profile,
        profile: &Profile,
        wishes: &mut Wishes,
    ) -> Result<Result<(), String>, NoFigures> {
        let kinds = |of: &Profile| (of.kv_type_k, of.kv_type_v);
        if kinds(default) == kinds(profile) {
            if self.texts.is_none() {
                let found = texts(stage, programs.install, default, wishes).await?;
                self.texts = Some(found);
            }
            let found = refusal(texts(stage, programs.install, profile, wishes).await)?;
            let known = self.texts.iter().flatten();
            return Ok(found.and_then(|found| same_texts(known, &found)));
        }
        let Some(server) = programs.server else {
            return Ok(Err(
                "no llama-server tells how likely its tokens are".to_owned()
            ));
        };
        if self.places.is_none() {
            self.places = Some(places(stage, server, default, wishes).await?);
        }
        let found = refusal(places(stage, server, profile, wishes).await)?;
        let known = self.places.as_deref().unwrap_or_default();
        Ok(found.and_then(|found| alike(known, &found)))
    }
}

/// A setting that cannot answer is refused; an interruption ends everything.
fn refusal<T>(answered: Result<T, NoFigures>) -> Result<Result<T, String>, NoFigures> {
    match answered {
        Ok(answer) => Ok(Ok(answer)),
        Err(NoFigures::Failed(why, _)) => Ok(Err(why)),
        Err(interrupted) => Err(interrupted),
    }
}

async fn texts(
    stage: &Stage,
    install: &Install,
    profile: &Profile,
    wishes: &mut Wishes,
) -> Result<Vec<String>, NoFigures> {
    let mut texts = Vec::new();
    for prompt in PROMPTS {
        let asked = asked(install, profile, prompt, 0);
        texts.push(stage.answer(asked, wishes).await?.text);
    }
    Ok(texts)
}

async fn places(
    stage: &Stage,
    install: &Install,
    profile: &Profile,
    wishes: &mut Wishes,
) -> Result<Vec<Vec<Place>>, NoFigures> {
    let mut places = Vec::new();
    for prompt in PROMPTS {
        let asked = asked(install, profile, prompt, LIKELIEST);
        places.push(stage.answer(asked, wishes).await?.outcome.places);
    }
    Ok(places)
}

fn asked<'a>(
    install: &'a Install,
    profile: &Profile,
    prompt: &str,
    probabilities: u32,
) -> Asked<'a> {
    Asked {
        install,
        profile: profile.clone(),
        prompt: Prompt::Raw(prompt.to_owned()),
        tokens: TOKENS,
        drill: Drill::default(),
        probabilities,
        patience: None,
    }
}

fn same_texts<'a>(known: impl Iterator<Item = &'a String>, found: &[String]) -> Result<(), String> {
    for (known, found) in known.zip(found) {
        if known != found {
            let same = known.chars().zip(found.chars()).take_while(|(a, b)| a == b);
            return Err(format!("other text after {} characters", same.count()));
        }
    }
    Ok(())
}

/// Whether the tokens of the one are about as likely to the other, answer by answer, up to the first place
/// where they part: from there on they have read different texts.
fn alike(known: &[Vec<Place>], found: &[Vec<Place>]) -> Result<(), String> {
    for (known, found) in known.iter().zip(found) {
        if known.is_empty() || found.is_empty() {
            return Err("llama-server did not tell how likely its tokens are".to_owned());
        }
        for (known, found) in known.iter().zip(found) {
            let token = &known.chosen;
            let likely = |place: &Place| {
                let found = place.likeliest.iter().find(|(text, _)| text == token);
                found.map(|(_, probability)| probability.ln())
            };
            match (likely(known), likely(found)) {
                (Some(known), Some(found)) if (known - found).abs() <= MOST_SHIFT => {}
                (Some(known), Some(found)) => {
                    let times = (found - known).exp();
                    return Err(format!("{token:?} became {times:.2} times as likely"));
                }
                (Some(_), None) => return Err(format!("{token:?} became unlikely")),
                (None, _) => return Err("llama-server left out the token it chose".to_owned()),
            }
            if known.chosen != found.chosen {
                break;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(chosen: &str, likeliest: &[(&str, f64)]) -> Place {
        let owned = |(text, p): &(&str, f64)| ((*text).to_owned(), *p);
        Place {
            chosen: chosen.to_owned(),
            likeliest: likeliest.iter().map(owned).collect(),
        }
    }

    #[test]
    fn the_same_tokens_must_stay_about_as_likely() {
        let known = [vec![
            place("a", &[("a", 0.6), ("b", 0.4)]),
            place("c", &[("c", 0.9)]),
        ]];
        let near = [vec![
            place("a", &[("a", 0.55), ("b", 0.45)]),
            place("c", &[("c", 0.8)]),
        ]];
        assert_eq!(alike(&known, &near), Ok(()));
        // Where they part, the next tokens have read different texts.
        let parted = [vec![
            place("b", &[("b", 0.5), ("a", 0.5)]),
            place("x", &[("x", 1.0)]),
        ]];
        assert_eq!(alike(&known, &parted), Ok(()));
        let far = [vec![place("a", &[("a", 0.3)])]];
        assert_eq!(
            alike(&known, &far),
            Err("\"a\" became 0.50 times as likely".to_owned())
        );
        let gone = [vec![place("b", &[("b", 1.0)])]];
        assert_eq!(
            alike(&known, &gone),
            Err("\"a\" became unlikely".to_owned())
        );
        assert!(alike(&known, &[vec![]]).is_err());
    }

    #[test]
    fn another_text_says_where_it_differs() {
        let texts = |texts: [&str; 2]| texts.map(str::to_owned).to_vec();
        let known = texts(["same", "a red fox"]);
        assert_eq!(same_texts(known.iter(), &known), Ok(()));
        let other = texts(["same", "a rat"]);
        assert_eq!(
            same_texts(known.iter(), &other),
            Err("other text after 3 characters".to_owned())
        );
    }
}
