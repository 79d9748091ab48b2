//! What is made from the clap types: completions, the man page, the list of exit codes.

use std::fmt::Write as _;
use std::io::{self, Write};

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::Cli;
use crate::exit::Exit;

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  source <(orchestrate completions bash)     in ~/.bashrc
  orchestrate completions zsh > \"${fpath[1]}/_orchestrate\"
  orchestrate completions fish > ~/.config/fish/completions/orchestrate.fish")]
pub(super) struct CompletionsArgs {
    /// Which shell
    shell: Shell,
}

impl CompletionsArgs {
    pub(super) fn print(&self) -> io::Result<Exit> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "orchestrate", &mut script);
        io::stdout().write_all(&script)?;
        Ok(Exit::Done)
    }
}

/// Print the manual page
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  orchestrate man | man -l -
  orchestrate man > ~/.local/share/man/man1/orchestrate.1")]
pub(super) struct ManArgs {}

impl ManArgs {
    pub(super) fn print(&self) -> io::Result<Exit> {
        let mut page = Vec::new();
        render_man(&mut page)?;
        io::stdout().write_all(&page)?;
        Ok(Exit::Done)
    }
}

/// One page for all commands: people look for `man orchestrate`, not for `man orchestrate-run`.
fn render_man(page: &mut Vec<u8>) -> io::Result<()> {
    let mut cli = Cli::command();
    cli.build();
    let man = Man::new(cli.clone());
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    for command in cli
        .get_subcommands()
        .filter(|command| command.get_name() != "help")
    {
        section(page, command, "")?;
    }
    man.render_extra_section(page)?;
    man.render_version_section(page)
}

fn section(page: &mut Vec<u8>, command: &clap::Command, parent: &str) -> io::Result<()> {
    let name = format!("{parent}{}", command.get_name());
    writeln!(page, ".SH \"COMMAND {}\"", name.to_uppercase())?;
    let man = Man::new(command.clone());
    for render in [
        Man::render_synopsis_section,
        Man::render_description_section,
        Man::render_options_section,
        Man::render_extra_section,
    ] {
        let mut part = Vec::new();
        render(&man, &mut part)?;
        // Sections of a command are subsections of the one page.
        let part = String::from_utf8_lossy(&part).replace(".SH ", ".SS ");
        page.extend_from_slice(part.as_bytes());
    }
    for command in command
        .get_subcommands()
        .filter(|command| command.get_name() != "help")
    {
        section(page, command, &format!("{name} "))?;
    }
    Ok(())
}

/// What stands below the long help and in the man page.
pub(super) fn after_long_help() -> String {
    let mut text = String::from(
        "Examples:
  orchestrate run coder \"a function that reverses a list\"
  orchestrate build             llama.cpp itself, once: 9 minutes on two cores
  orchestrate profiles list     what can be run

Exit codes:
",
    );
    for (exit, meaning) in Exit::ALL {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:>5}  {meaning}", exit.code());
    }
    text.push_str(
        "
Files and directories:
  ./profiles/NAME.toml, ./orchestrate.toml    of a project
  ~/.config/orchestrate/                      your own (ORCHESTRATE_CONFIG_DIR)
  ~/.cache/orchestrate/                       builds (ORCHESTRATE_CACHE_DIR)
  ~/.local/state/orchestrate/                 history (ORCHESTRATE_STATE_DIR)
  $XDG_RUNTIME_DIR/orchestrate/               sockets (ORCHESTRATE_RUNTIME_DIR)",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_man_page_has_every_command_and_every_exit_code() {
        let mut page = Vec::new();
        render_man(&mut page).expect("a page");
        // A hyphen is written as \\- in roff.
        let page = String::from_utf8(page).expect("text").replace("\\-", "-");
        for command in [
            "RUN",
            "PROFILES NEW",
            "HISTORY SHOW",
            "BUILD",
            "LLAMA",
            "CLEAN",
        ] {
            assert!(page.contains(&format!("COMMAND {command}\"")), "{command}");
        }
        for (exit, meaning) in Exit::ALL {
            assert!(
                page.contains(&format!("{}  {meaning}", exit.code())),
                "{meaning}"
            );
        }
    }
}
