using Strata.Contracts;

namespace Strata.Deployments.Kinds;

/// <summary>The variables of a release: what is kept of them, and whether its deployment's have changed since it was built.</summary>
internal static class ReleaseVariables
{
    /// <summary>A resource is bounded, and its variables are in it once already.</summary>
    private const int KeptCharsMax = 64 << 10;

    /// <summary>The source's own, for the release's status; null where they are too large for it.</summary>
    public static IReadOnlyDictionary<string, string>? Kept(IReadOnlyDictionary<string, string> ofSource) =>
        ofSource.Sum(x => x.Key.Length + x.Value.Length) <= KeptCharsMax ? ofSource : null;

    /// <summary>Whether a build of the same source would give the release other variables: set, changed or removed since.</summary>
    public static bool HaveChanged(IReadOnlyDictionary<string, string> wanted, ReleaseResource release)
    {
        if (release.Spec.Env is not { } built) return false;
        if (wanted.Any(x => built.GetValueOrDefault(x.Key) != x.Value)) return true;
        return release.Status.SourceEnv is { } ofSource
            && built.Any(x => !wanted.ContainsKey(x.Key) && ofSource.GetValueOrDefault(x.Key) != x.Value);
    }
}
