namespace Strata.Contracts;

/// <summary>
/// Roles by the names that tokens carry. What each may do is declared with the kinds and permissions themselves, see <c>Kind.Readers</c>
/// and <c>Permission</c>.
/// </summary>
public static class Roles
{
    /// <summary>Everything in its organization, except what the platform's parts report (<c>control</c>).</summary>
    public const string Admin = "admin";

    /// <summary>What belongs to the cloud itself: organizations, nodes.</summary>
    public const string Operator = "operator";
    public const string Developer = "developer";
    public const string Viewer = "viewer";

    /// <summary>As an administrator, and the only one who makes and removes owners.</summary>
    public const string Owner = "owner";

    /// <summary>Sees all that the organization has set up, and who did what; changes nothing, and sees no business data.</summary>
    public const string Auditor = "auditor";

    /// <summary>Sees what costs: projects, deployments, instances.</summary>
    public const string Billing = "billing";

    /// <summary>A node's agent; its token is bound to the node.</summary>
    public const string Agent = "agent";
    public const string Edge = "edge";

    /// <summary>A running instance, with its project's rights.</summary>
    public const string Application = "application";

    /// <summary>A machine client: users' data, in the whole organization.</summary>
    public const string Machine = "machine";

    public static readonly IReadOnlyList<string> Names = 
        [Owner, Admin, Operator, Developer, Viewer, Auditor, Billing, Agent, Edge, Application, Machine];

    /// <summary>Those whose holder can make itself and others all that there is.</summary>
    public static readonly IReadOnlyList<string> Administrate = [Owner, Admin, Operator];

    /// <summary>Names that an organization's own roles could have before these were built in: one that does stays what it is.</summary>
    public static readonly IReadOnlyList<string> Later = [Owner, Auditor, Billing];

    /// <summary>Those that people, teams and clients can hold for a part of an organization, or for a while.</summary>
    public static readonly IReadOnlyList<string> Bindable = [Admin, Developer, Viewer, Auditor, Billing];

    public static bool Exists(string role) => Names.Contains(role);
}
