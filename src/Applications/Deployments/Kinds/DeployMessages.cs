using Strata.Contracts;

namespace Strata.Deployments.Kinds;

/// <summary>A deployment's messages about failed deploys.</summary>
internal static class DeployMessages
{
    public static string NoRelease(string deployment) =>
        $"It has no release yet. Deploy one with: strata deploy FOLDER --name {deployment}";

    public static string SiteVariablesChanged(string release) =>
        $"spec.env has changed since {release} was built. A static site gets its variables when it is built: deploy the source again to apply it.";

    public static string VariablesChanged(string deployment, string release) =>
        $"spec.env has changed since {release} was made. To apply it: strata env apply {deployment}; a restart keeps the variables of {release}.";

    /// <param name="what">What became of the release, as a sentence.</param>
    public static string NothingServes(string deployment, SourceConfig source, string what) =>
        $"{what.TrimEnd('.')}. To repeat it: {Command(deployment, source)}; to remove the deployment: strata delete deployment/{deployment}";

    private static string Command(string deployment, SourceConfig source) => source switch
    {
        { Release: not null } => $"strata env apply {deployment}",
        { Git: null } => $"strata deploy FOLDER --name {deployment}",
        { Git: { Branch: { } branch } git } => $"strata deploy {git.Url} --branch {branch} --name {deployment}",
        { Git: { } git } => $"strata deploy {git.Url} --name {deployment}",
    };
}
