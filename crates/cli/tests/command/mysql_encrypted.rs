//! Over TLS, to a MariaDB with a certificate of an authority of the test's own.

use std::{fs, os::unix::fs::PermissionsExt, process::Output};

use diesel_tenants_test_support::{MariaDb, chain};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::project::{Files, Site};

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

#[test]
fn the_command_trusts_the_authorities_that_it_is_told_of_and_no_other_name() {
    let server = MariaDb::start().unwrap_or_else(|error| panic!("{}", chain(&error)));
    let (project, folder) = (Site::<Files>::new(), tempfile::tempdir().unwrap());
    // The server may run as another account.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let (ours, other) = (authority(), authority());
    let roots = project.path().join("roots.pem");
    let run = |trusted: &CertifiedIssuer<'_, KeyPair>, arguments: &[&str]| -> Output {
        fs::write(&roots, trusted.pem()).unwrap();
        let mut command = project.command(arguments);
        let url = format!("{}?require_ssl=true", server.url());
        command.env("DATABASE_URL", url).env("SSL_CERT_FILE", &roots);
        command.output().unwrap()
    };
    let certified = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = certificate.signed_by(&key, &ours).unwrap();
        let files = [("ssl-cert", certificate.pem()), ("ssl-key", key.serialize_pem())];
        let settings = files.map(|(setting, pem)| {
            let path = folder.path().join(format!("{setting}-{name}.pem"));
            fs::write(&path, pem).unwrap();
            format!("--{setting}={}", path.display())
        });
        server.restart(&[&settings[0], &settings[1]]).unwrap();
    };
    let refused = |output: Output, reason: &str| {
        assert!(!output.status.success());
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains(reason), "{message}");
    };
    let asking = ["run", "SELECT COUNT(*) FROM items", "--only", "client1"];

    certified("127.0.0.1");
    let created = run(&ours, &["tenant", "create", "client1"]);
    assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stderr));
    // From now on, nobody is let in without encryption.
    let mut session = server.session().unwrap();
    session
        .run("UPDATE mysql.global_priv SET Priv = JSON_SET(Priv, '$.ssl_type', 1) WHERE User = 'root' AND Host <> 'localhost'")
        .unwrap();
    session.run("FLUSH PRIVILEGES").unwrap();
    drop(session);
    let asked = run(&ours, &asking);
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let mut plain = project.command(&["tenant", "list"]);
    refused(
        plain.env("DATABASE_URL", server.url()).output().unwrap(),
        "Access denied",
    );
    refused(run(&other, &["tenant", "list"]), "certificate");
    certified("elsewhere.example.org");
    refused(run(&ours, &["tenant", "list"]), "certificate");
}
