using System.Globalization;
using Strata.Core;
using Strata.Runtimes;

namespace Strata.Agent.Hooks;

/// <summary>Builds the environment variables that the platform sets for an instance. They override the user's of the same name.</summary>
/// <param name="relay">Where instances on the private network reach the API; null: at its own address.</param>
internal sealed class EnvironmentHook(Uri api, (string Address, int Port)? relay) : IInstanceHook
{
    public Task<Result<Done>> StartAsync(InstanceContext context, CancellationToken cancellationToken)
    {
        var (spec, id, token) = (context.Spec, context.Id, context.Token);
        context.PlatformEnv = endpoint => new Dictionary<string, string>
        {
            ["PORT"] = endpoint.Port.ToString(CultureInfo.InvariantCulture),
            ["HOST"] = endpoint.ListenHost,
            ["STRATA_URL"] = Url(endpoint),
            ["STRATA_TOKEN"] = token,
            ["STRATA_INSTANCE"] = id,
            ["STRATA_RELEASE"] = spec.Release,
            ["STRATA_DEPLOYMENT"] = spec.Deployment,
        };
        return Task.FromResult<Result<Done>>(default(Done));
    }

    private string Url(RunEndpoint endpoint) =>
        endpoint.Gateway is not null && relay is var (address, port)
            ? $"{api.Scheme}://{address}:{port}" : api.GetLeftPart(UriPartial.Authority);
}
