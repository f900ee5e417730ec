using Strata.Entities.Engine;
using Strata.EntityApi;
using Strata.EntityApi.Search;

namespace Strata.Server.Options;

/// <summary>Bounds of the engine and of the entity platform, as this server's settings have them. Immutable.</summary>
public sealed record ServerLimits
{
    public EngineLimits Engine { get; init; } = EngineLimits.Default;

    public EntityApiLimits EntityApi { get; init; } = EntityApiLimits.Default;

    public SearchOptions Search { get; init; } = new();
}
