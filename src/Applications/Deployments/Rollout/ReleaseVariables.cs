using Strata.Contracts;

namespace Strata.Deployments.Rollout;

/// <summary>Compares a deployment's variables with those that a release was built with.</summary>
internal static class ReleaseVariables
{
    /// <summary>What is kept of a source's variables besides the result is not worth the size of a resource.</summary>
    private const int KeptCharsMax = 64 << 10;

    /// <returns>Null where they are too large.</returns>
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
