using Strata.Contracts;

namespace Strata.Deployments.Kinds;

/// <summary>A deployment's messages about failed deploys.</summary>
internal static class DeployMessages
{
    public static string NoRelease(string deployment) =>
        $"It has no release yet. Deploy one with: strata deploy FOLDER --name {deployment}";

    public static string VariablesChanged(string release) =>
        $"spec.env has changed since {release} was built. Deploy the source again to apply it; a restart keeps the variables of {release}.";

    /// <param name="what">What became of the release, as a sentence.</param>
    public static string NothingServes(string deployment, SourceConfig source, string what) =>
        $"{what.TrimEnd('.')}. To repeat it: {Command(source)} --name {deployment}; to remove the deployment: strata delete deployment/{deployment}";

    private static string Command(SourceConfig source) => source.Git switch
    {
        null => "strata deploy FOLDER",
        { Branch: { } branch } git => $"strata deploy {git.Url} --branch {branch}",
        { } git => $"strata deploy {git.Url}",
    };
}
