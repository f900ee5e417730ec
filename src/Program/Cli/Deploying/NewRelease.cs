using System.Globalization;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;
using DeploymentResource = Strata.Core.Resource<Strata.Contracts.DeploymentSpec, Strata.Contracts.DeploymentStatus>;
using ReleaseResource = Strata.Core.Resource<Strata.Contracts.ReleaseSpec, Strata.Contracts.ReleaseStatus>;

namespace Strata.Cli.Deploying;

/// <summary>Creates releases, named NAME-1, NAME-2 and on; another deploy at the same moment may take a number first.</summary>
internal static class NewRelease
{
    private const int NameTriesMax = 50;

    public static async Task<ReleaseResource> CreateAsync(
        StrataClient client, DeploymentResource deployment, SourceConfig source, CancellationToken cancellationToken)
    {
        var releases = client.Resources<ReleaseSpec, ReleaseStatus>(Plurals.Releases);
        var stem = deployment.Name[..Math.Min(deployment.Name.Length, ResourceName.LengthMax - 9)];
        var number = await LastNumberAsync(releases, deployment, stem, cancellationToken);
        for (var attempt = 1; ; attempt++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{stem}-{number + attempt}");
            var release = new NewResource<ReleaseSpec> { Name = name, Project = deployment.Project, Labels = deployment.Labels,
                Spec = new ReleaseSpec { Deployment = deployment.Id, Source = source } };
            try
            {
                return await releases.CreateAsync(release, cancellationToken: cancellationToken);
            }
            catch (StrataException e) when (e.Error.Kind == ErrorKind.Conflict && attempt < NameTriesMax)
            {
            }
        }
    }

    private static async Task<int> LastNumberAsync(
        ResourceClient<ReleaseSpec, ReleaseStatus> releases, DeploymentResource deployment, string stem,
        CancellationToken cancellationToken)
    {
        var last = 0;
        var filter = new ResourceFilter { Fields = new Dictionary<string, string> { ["spec.deployment"] = deployment.Id },
            PageSize = PageLimits.Max };
        await foreach (var release in releases.ListAsync(filter, cancellationToken))
        {
            last = Math.Max(last, release.Status.Number);
            if (release.Name.Length > stem.Length && int.TryParse(
                release.Name.AsSpan(stem.Length + 1), NumberStyles.None, null, out var number)) last = Math.Max(last, number);
        }
        return last;
    }
}
