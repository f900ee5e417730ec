using Strata.Resources.Kinds;

namespace Strata.Resources.Hosts;

/// <summary>
/// Says that resources of a kind are reached at a host name, which belongs to one project of the whole cloud (see
/// <see cref="HostClaims"/>).
/// </summary>
/// <param name="Field">Path of the host in the document, in camelCase, for example <c>spec.host</c>.</param>
/// <param name="NamedBy">Kinds whose resources own the default host of their name: a host is refused while such a resource of another
/// project has its name.</param>
public sealed record HostRule(string Field, IReadOnlyList<Kind> NamedBy)
{
    /// <summary>The host in a document; null where it has none.</summary>
    internal string? HostOf(Core.JsonText document)
    {
        using var json = document.Parse();
        return SpecReferences.Find(json.RootElement, Field) is { ValueKind: System.Text.Json.JsonValueKind.String } host
            ? host.GetString() : null;
    }
}
