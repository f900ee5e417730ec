namespace Strata.Resources.Hosts;

/// <summary>
/// Hosts that follow from names: <c>NAME.localhost</c> in the organization <c>default</c>, <c>NAME.ORG.localhost</c> in the organization
/// ORG. They belong to that organization whether it uses them or not. See docs/decisions/032-hosts-are-claimed.md.
/// </summary>
public static class DefaultHosts
{
    public const string Domain = "localhost";
    public const string DefaultOrganization = "default";

    private const string Suffix = "." + Domain;

    /// <param name="organization">Name of the organization.</param>
    public static string Of(string name, string organization) =>
        organization == DefaultOrganization ? $"{name}{Suffix}" : $"{name}.{organization}{Suffix}";

    /// <summary>Whether a host is in the default domain, where only its owner may use it.</summary>
    public static bool IsReserved(string host) => host == Domain || host.EndsWith(Suffix, StringComparison.Ordinal);

    /// <summary>Name of the organization that a reserved host belongs to; null: none.</summary>
    public static string? OwnerOf(string host)
    {
        if (host == Domain) return null;
        var labels = host[..^Suffix.Length].Split('.');
        return labels.Length == 1 ? DefaultOrganization : labels[^1];
    }

    /// <summary>
    /// The resource name that a reserved host is the default host of; null for deeper names, which no resource owns by its name.
    /// </summary>
    public static string? NameIn(string host)
    {
        var labels = host == Domain ? [] : host[..^Suffix.Length].Split('.');
        return labels.Length is 1 or 2 ? labels[0] : null;
    }
}
