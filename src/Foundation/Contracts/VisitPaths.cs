namespace Strata.Contracts;

/// <summary>How edges have visitors sign in where a route wants it (<see cref="RouteSpec.SignIn"/>).</summary>
public static class VisitPaths
{
    /// <summary>
    /// The cloud's page, with the query members <c>resource</c> (the route's id), <c>back</c> (the address that the visitor wants) and
    /// <c>state</c> (SHA-256 in hex of what the edge has given the browser). It sends the browser to <see cref="Callback"/>.
    /// </summary>
    public const string Page = "/visit";

    /// <summary>
    /// Of each host that wants a sign-in, with the members <c>code</c> and <c>to</c> (path and query that the visitor wants).
    /// </summary>
    public const string Callback = "/.well-known/strata/visit";

    /// <summary>POST by edges: exchanges a code for a visit.</summary>
    public const string Begin = "/api/v1/visits";

    /// <summary>POST by edges: whether a visit holds.</summary>
    public const string Check = "/api/v1/visits/check";
}
