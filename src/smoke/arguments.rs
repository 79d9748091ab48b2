//! Whether a build takes what profiles ask of it, by its own help. Nothing is started.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use crate::dialect::{Capabilities, GenerationArgs, Program, completion_args, server_args};
use crate::profile::ProfileSet;

/// Everything that the build does not take of what these profiles ask, in words.
pub(super) fn check(set: &ProfileSet, capabilities: &Capabilities) -> Vec<String> {
    let problems = set.names().flat_map(|name| {
        let problems = of_profile(set, name, capabilities);
        problems
            .into_iter()
            .map(move |problem| format!("profile \"{name}\": {problem}"))
    });
    problems.collect()
}

fn of_profile(set: &ProfileSet, name: &str, capabilities: &Capabilities) -> Vec<String> {
    let resolved = match set.resolve(name, &[]) {
        Ok(resolved) => resolved,
        Err(error) => return vec![error.to_string()],
    };
    let profile = &resolved.profile;
    let args = GenerationArgs {
        profile,
        model: Path::new("model.gguf"),
        context: profile.context,
        slots: 1,
        threads: 1,
        batch_threads: 1,
    };
    let argv = if capabilities.program == Program::Server {
        server_args(&args, Path::new("/run/llama.sock"), capabilities)
    } else {
        match profile.prompt.render("x", &BTreeMap::new(), "") {
            Ok(prompt) => completion_args(&args, &prompt, capabilities),
            Err(error) => return vec![error.to_string()],
        }
    };
    match argv {
        Ok(argv) => unknown(&argv.args, capabilities),
        Err(error) => vec![error.to_string()],
    }
}

/// The flags that the help does not list.
fn unknown(args: &[OsString], capabilities: &Capabilities) -> Vec<String> {
    let mut problems = Vec::new();
    let mut args = args.iter().map(|arg| arg.to_string_lossy());
    while let Some(arg) = args.next() {
        let flag = arg.split_once('=').map_or(&*arg, |(flag, _)| flag);
        match capabilities.option(flag) {
            // A value may begin with a dash, as -1 does.
            Some(option) if !arg.contains('=') => {
                args.by_ref().take(option.values()).for_each(drop)
            }
            Some(_) => {}
            None => problems.push(format!(
                "{} does not know {flag}",
                capabilities.build_name()
            )),
        }
    }
    problems
}
