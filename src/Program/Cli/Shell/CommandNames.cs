namespace Strata.Cli.Shell;

/// <summary>The commands of the program, to recognise one in a sentence. A test compares them with those that there are.</summary>
internal static class CommandNames
{
    public static readonly IReadOnlySet<string> All = new HashSet<string>(StringComparer.Ordinal)
    {
        "up", "down", "status", "doctor", "install-service", "deploy", "cancel", "get", "describe", "history", "logs", "scale", "rollback",
        "restart", "delete", "open", "new", "dev", "tunnel", "model", "workflow", "entity", "search", "compute", "login", "logout",
        "whoami", "context", "invite", "members", "member", "teams", "team", "sessions", "session", "people", "orgs", "org", "projects",
            "project", "environments", "environment", "token", "role", "roles",
        "access", "secrets", "secret", "encryption", "env", "domains", "domain", "certs", "cert",
        "issuers", "issuer", "ca", "client", "keys", "api", "edge", "completion", "version", "help",
    };
}
