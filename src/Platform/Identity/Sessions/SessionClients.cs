namespace Strata.Identity.Sessions;

/// <summary>What people sign in to that comes with the cloud.</summary>
internal static class SessionClients
{
    public const string Browser = "browser";

    /// <summary>The command line's id as an OAuth client; it is public, and has no secret.</summary>
    public const string CommandLine = "strata-cli";

    public static string NameOf(string client) => client switch
    {
        Browser => "A browser",
        CommandLine => "The strata command line",
        _ => client,
    };
}
