using System.Text.Json;
using Strata.Api.Auth;
using Strata.Core;
using Strata.Resources.Kinds;

namespace Strata.Api.Kinds;

/// <summary>
/// Decides whether a caller may use what a spec names besides resources, such as a blob. Asked before each write of a spec by the API.
/// </summary>
public interface ISpecAdmission
{
    Kind Kind { get; }

    /// <param name="tenant">Of the resource.</param>
    /// <param name="spec">The whole spec, or the part of it that a patch changes.</param>
    /// <returns>A fault whose field starts with "spec."; null where nothing is wrong. An error where it cannot be decided now.</returns>
    ValueTask<Result<ValidationError?>> CheckAsync(
        Principal principal, TenantId tenant, JsonElement spec, CancellationToken cancellationToken);
}
