using Strata.Api.Auth;
using Strata.Api.Kinds;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Conditions;
using Strata.Entities.Log;
using Strata.Resources.Kinds;

namespace Strata.Identity.Bindings;

/// <summary>
/// An environment that something is in, or that bindings name, is deleted only on purpose: another one of the same name would find them
/// there. What belongs to another resource, as instances do to a deployment, follows it and does not count.
/// </summary>
internal sealed class EnvironmentInUseGuard(IEntityLog log, IReadOnlyCollection<Kind> kinds) : IDeletionGuard
{
    private static readonly Field OfResource = new Field.Path(JsonPath.Parse($"$.labels['{EnvironmentSpec.Label}']"));
    private static readonly Field OfBinding = new Field.Path(JsonPath.Parse($"$.spec.labels['{EnvironmentSpec.Label}']"));

    public Kind Kind => EnvironmentKind.Kind;

    public string Guarded => "an environment that something is in";

    public RemovalCheck? CheckOf(Principal principal, EntityRevision resource) => async (_, cancellationToken) =>
    {
        var name = ResourceDocument.NameOf(resource);
        foreach (var kind in kinds.Where(EnvironmentLabel.IsCheckedOf).Append(BindingKind.Kind))
        {
            var named = new Condition.Compare(
                kind == BindingKind.Kind ? OfBinding : OfResource, Operator.Equal, [JsonText.From(name, WireJson.Of<string>())]);
            var scan = new Scan { Tenant = resource.Tenant, Model = kind.Model, Where = named, Limit = 1 };
            if (await log.ScanAsync(scan, cancellationToken) is [var first, ..])
                return InUse(name, kind, ResourceDocument.NameOf(first));
        }
        return null;
    };

    private static Error InUse(string name, Kind kind, string user) => new(
        ErrorKind.Conflict, "ENVIRONMENT_IN_USE", $"The environment \"{name}\" is in use, for example by the {kind.Name} \"{user}\".",
        $"To do it anyway: strata delete environment/{name} --force -y (over HTTP: ?force=true).");
}
