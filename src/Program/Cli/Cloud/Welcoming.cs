using Strata.Cli.Deploying;
using Strata.Cli.Shell;
using Strata.Core;

namespace Strata.Cli.Cloud;

/// <summary>The first application of a new cloud, deployed as any user would.</summary>
internal static class Welcoming
{
    public const string Name = "welcome";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "samples", Name);

    /// <summary>A failure is only reported: the cloud is up without it.</summary>
    public static async Task DeployAsync(Run run, CancellationToken cancellationToken)
    {
        try
        {
            await new Deployer(run) { CreatesProject = true }.DeployAsync(
                Name, new DeploySource(Folder, null), waits: true, Patience, cancellationToken);
        }
        catch (StrataException e)
        {
            ErrorText.Write(run, e.Error);
            run.Terminal.Error.WriteLine("The welcome page could not be deployed; the cloud is up all the same.");
        }
    }
}
