using Strata.Cli.Context;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Deploying;

/// <summary>A deploy that was refused says everything that its token lacks, and not one permission at each attempt.</summary>
internal static class MissingPermissions
{
    private static readonly string[] OfEvery = ["deployments.read", "deployments.write", "releases.read", "releases.write"];
    private static readonly string[] OfUploads = ["blobs.write"];

    /// <param name="error">FORBIDDEN, of the first call that was refused.</param>
    public static async Task<Error> ExplainAsync(Run run, Error error, DeploySource source, CancellationToken cancellationToken)
    {
        IEnumerable<string> needed = source.Git is null ? [.. OfEvery, .. OfUploads] : OfEvery;
        try
        {
            var missing = needed.Except((await Caller.AskAsync(run, cancellationToken)).Permissions).ToList();
            // What was refused may be something else, such as a project's creation.
            return !missing.Exists(m => error.Message.Contains($"\"{m}\"", StringComparison.Ordinal)) ? error : error with
            {
                Message = $"A deploy needs permissions that you do not hold: {string.Join(", ", missing)}.",
                NextStep = "Ask for a role that grants them, such as developer; strata whoami shows what you have.",
            };
        }
        catch (StrataException)
        {
            return error; // why the call was refused is known all the same
        }
    }
}
