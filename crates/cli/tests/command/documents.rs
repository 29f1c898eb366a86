use crate::project::Project;

#[test]
fn completions_and_the_manual_need_no_database() {
    let project = Project::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = project
            .command(&["completions", shell])
            .env_remove("DATABASE_URL")
            .output()
            .unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success() && script.contains("_DIESEL_TENANTS_COMPLETE"),
            "{shell}"
        );
    }
    let output = project.command(&["man"]).env_remove("DATABASE_URL").output().unwrap();
    let pages = String::from_utf8(output.stdout).unwrap();
    assert!(pages.starts_with(".ie"), "{pages}");
    for page in [
        "diesel-tenants 1",
        "diesel-tenants-migrate 1",
        "diesel-tenants-tenant-create 1",
    ] {
        assert!(pages.contains(&format!(".TH {page}")), "{page}");
    }
}

/// Each option of each subcommand is explained, and so is each subcommand.
#[test]
fn the_help_leaves_nothing_out() {
    let project = Project::new();
    let help = |arguments: &[&str]| project.run(&[arguments, &["--help"]].concat()).well();
    let mut pending = vec![Vec::<String>::new()];
    let mut seen = 0;
    while let Some(path) = pending.pop() {
        let arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        let text = help(&arguments);
        seen += 1;
        let mut lines = text.lines().peekable();
        let mut section = "";
        while let Some(line) = lines.next() {
            if !line.starts_with(' ') {
                section = line;
            } else if section == "Commands:" && !line.starts_with("    ") {
                let mut words = line.split_whitespace();
                let name = words.next().unwrap();
                assert!(words.next().is_some(), "{path:?}: {line}");
                if name != "help" {
                    pending.push([path.as_slice(), &[name.to_owned()]].concat());
                }
            } else if line.trim_start().starts_with('-') {
                let described = line.trim().split_once("  ").is_some()
                    || lines.peek().is_some_and(|next| next.starts_with("          "));
                assert!(described, "{path:?}: {line}");
            }
        }
    }
    assert!(seen >= 27, "with the subcommands of subcommands, not only {seen}");
}
