using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;
using RouteResource = Strata.Core.Resource<Strata.Contracts.RouteSpec, Strata.Contracts.RouteStatus>;

namespace Strata.Cli.Commands;

/// <summary>The addresses of a deployment: a rule of one of them says nothing of the others.</summary>
internal static class OpenAddresses
{
    /// <summary>Says under which other addresses a deployment is open to all, after one of them was closed.</summary>
    public static async Task WarnAsync(Run run, RouteResource closed, CancellationToken cancellationToken)
    {
        if (closed.Spec.Deployment is not { } deployment || IsOpen(closed)) return;
        var open = (await OfAsync(run, deployment, cancellationToken)).Where(r => r.Id != closed.Id && IsOpen(r)).ToList();
        if (open.Count == 0) return;
        run.Say($"The same deployment is open to everyone at {string.Join(", ", open.Select(DomainsCommand.Shown))}. Close that too: "
            + $"strata domains set {open[0].Spec.Host} --sign-in true, or --allow-from NETWORK");
    }

    public static async Task<List<RouteResource>> OfAsync(Run run, string deployment, CancellationToken cancellationToken)
    {
        var filter = new ResourceFilter { Fields = new Dictionary<string, string> { ["spec.deployment"] = deployment } };
        var routes = new List<RouteResource>();
        await foreach (var route in DomainsCommand.Routes(run).ListAsync(filter, cancellationToken)) routes.Add(route);
        return routes;
    }

    /// <summary>Whether it is the address that the deployment has by its name, which the cloud makes, and makes again.</summary>
    public static bool IsOwn(Resource<DeploymentSpec, DeploymentStatus> deployment, RouteResource route) => route.Spec.Path == "/"
        && Uri.TryCreate(deployment.Status.Url, UriKind.Absolute, out var url) && url.Host == route.Spec.Host;

    private static bool IsOpen(RouteResource route) => route.Spec is { SignIn: false, AllowFrom: null, Maintenance: null };
}
