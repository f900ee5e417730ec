using Strata.Contracts;
using Strata.Core;
using Strata.Deployments.Build.Docker;
using Strata.Deployments.Configuration;
using Strata.Deployments.Detection;
using Strata.Deployments.Source;

namespace Strata.Deployments.Build;

/// <summary>
/// Finds out on the developer's machine, before anything is uploaded or created, that a folder is nothing that could be built. It looks at
/// the whole folder, also at what an upload leaves out: so what it refuses the server would refuse too, and what it lets pass the server
/// still decides.
/// </summary>
public static class SourceCheck
{
    private static readonly DockerEngine SomeEngine = new("Docker");

    /// <returns>Why it cannot be built; null: it may, or there is nothing in it, or it cannot be looked at.</returns>
    public static Error? Check(string folder, CancellationToken cancellationToken)
    {
        try
        {
            if (!Directory.EnumerateFileSystemEntries(folder).Any()) return null;
            var tree = new SourceTree(folder, cancellationToken: cancellationToken);
            if (!StrataFileReader.Find(tree).TryGet(out var file, out var error)) return error;
            var plan = BuildPlanner.Plan(tree, file, new BuildConfig(), new RunConfig(), SomeEngine);
            return plan.Error is { Code: Detectors.NotRecognisedCode } unknown ? unknown : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or TooManyEntriesException)
        {
            return null;
        }
    }
}
