namespace Strata.Contracts;

/// <summary>What each kind is called in addresses (<c>/api/v1/PLURAL</c>) and in permissions (<c>PLURAL.read</c>).</summary>
public static class Plurals
{
    public const string Organizations = "organizations";
    public const string Projects = "projects";
    public const string Environments = "environments";
    public const string Tokens = "tokens";
    public const string Roles = "roles";
    public const string People = "people";
    public const string Memberships = "memberships";
    public const string Teams = "teams";
    public const string Bindings = "bindings";
    public const string Invitations = "invitations";
    public const string Sessions = "sessions";
    public const string Clients = "clients";
    public const string OidcProviders = "oidc-providers";
    public const string TrustedKeys = "trusted-keys";
    public const string KeyPairs = "keypairs";
    public const string Secrets = "secrets";
    public const string DataKeys = "data-keys";
    public const string Webhooks = "webhooks";
    public const string Nodes = "nodes";
    public const string Servers = "servers";
    public const string Instances = "instances";
    public const string Deployments = "deployments";
    public const string Releases = "releases";
    public const string Routes = "routes";
    public const string Tunnels = "tunnels";
    public const string Certificates = "certificates";
    public const string Issuers = "issuers";
}
