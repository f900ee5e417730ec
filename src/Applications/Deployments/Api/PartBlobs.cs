using System.Collections.Concurrent;
using Strata.Api.Auth;
using Strata.Core;
using Strata.Deployments.Images;
using Strata.Entities.Conditions;

namespace Strata.Deployments.Api;

/// <summary>
/// Which blobs the cloud's own parts read of an organization: a node's agent the images of the instances that are assigned to its node, any
/// other part (the edge) the images of releases. Sources and everything else are closed to them. What was allowed is remembered for
/// <see cref="KeptFor"/>, so that the layers of an image cost no further look. Safe for concurrent use.
/// </summary>
internal sealed class PartBlobs(DeploymentStores stores, ImageStore images, TimeProvider time)
{
    private const int RememberedMax = 10_000;

    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(10);
    private static readonly Field NodeField = new Field.Path(JsonPath.Parse("$.spec.node"));
    private static readonly Field InstanceImage = new Field.Path(JsonPath.Parse("$.spec.image"));
    private static readonly Field ReleaseImage = new Field.Path(JsonPath.Parse("$.status.image"));

    private readonly ConcurrentDictionary<(string? Node, TenantId Tenant, Digest Digest), DateTimeOffset> allowed = new();

    /// <param name="part">A principal of the platform.</param>
    public async ValueTask<bool> MayReadAsync(Principal part, TenantId tenant, Digest digest, CancellationToken cancellationToken)
    {
        if (allowed.TryGetValue((part.Node, tenant, digest), out var until) && until > time.GetUtcNow()) return true;
        var isImage = false;
        await foreach (var image in ImagesAsync(part.Node, tenant, digest, cancellationToken))
            isImage |= await AllowAsync(part.Node, tenant, image, cancellationToken);
        return isImage || await IsPartOfImageAsync(part.Node, tenant, digest, cancellationToken);
    }

    /// <summary>A layer or configuration that is requested before its manifest, as after a restart of the server.</summary>
    private async ValueTask<bool> IsPartOfImageAsync(string? node, TenantId tenant, Digest digest, CancellationToken cancellationToken)
    {
        await foreach (var image in ImagesAsync(node, tenant, null, cancellationToken))
        {
            if (await AllowAsync(node, tenant, image, cancellationToken) && allowed.ContainsKey((node, tenant, digest))) return true;
        }
        return false;
    }

    /// <summary>Digests of the images that the part may read; with <paramref name="digest"/> only that one.</summary>
    private IAsyncEnumerable<string?> ImagesAsync(string? node, TenantId tenant, Digest? digest, CancellationToken cancellationToken) =>
        node is null
        ? stores.Releases.AllAsync(tenant, digest is { } image ? Equal(ReleaseImage, image.ToString()) : null, cancellationToken)
        .Select(r => r.Status.Image)
        : stores.Instances.AllAsync(
            tenant, digest is { } own ? new Condition.All([Equal(NodeField, node), Equal(InstanceImage, own.ToString())])
                : Equal(NodeField, node), cancellationToken)
            .Select(i => (string?)i.Spec.Image);

    /// <summary>Remembers an image and what its manifest names; false if the image does not exist.</summary>
    /// <exception cref="StrataException">BLOBS_UNAVAILABLE.</exception>
    private async ValueTask<bool> AllowAsync(string? node, TenantId tenant, string? image, CancellationToken cancellationToken)
    {
        if (!Digest.TryParse(image, out var digest)) return false;
        if ((await images.ReadManifestAsync(tenant, digest, cancellationToken)).Value is not { } manifest) return false;
        if (allowed.Count >= RememberedMax) allowed.Clear();
        var until = time.GetUtcNow() + KeptFor;
        allowed[(node, tenant, digest)] = until;
        foreach (var part in ImageStore.PartsOf(manifest)) allowed[(node, tenant, part)] = until;
        return true;
    }

    private static Condition Equal(Field field, string value) =>
        new Condition.Compare(field, Operator.Equal, [JsonText.From(value, WireJson.Of<string>())]);
}
