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

    /// <summary>A node's agent; its token is bound to the node.</summary>
    public const string Agent = "agent";
    public const string Edge = "edge";

    /// <summary>A running instance, with its project's rights.</summary>
    public const string Application = "application";

    /// <summary>A machine client: users' data, in the whole organization.</summary>
    public const string Machine = "machine";

    public static readonly IReadOnlyList<string> Names = [Admin, Operator, Developer, Viewer, Agent, Edge, Application, Machine];

    public static bool Exists(string role) => Names.Contains(role);
}
