using System.Text.Json;
using System.Text.Json.Nodes;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Contracts;
using Strata.Core;
using CertificateResource = Strata.Core.Resource<Strata.Contracts.CertificateSpec, Strata.Contracts.CertificateStatus>;
using RouteResource = Strata.Core.Resource<Strata.Contracts.RouteSpec, Strata.Contracts.RouteStatus>;

namespace Strata.Cli.Commands;

/// <summary>Routes beside the certificates that serve their hosts.</summary>
internal static class DomainList
{
    public static async Task<int> WriteAsync(Run run, CancellationToken cancellationToken)
    {
        var routes = new List<RouteResource>();
        await foreach (var route in DomainsCommand.Routes(run).ListAsync(cancellationToken: cancellationToken)) routes.Add(route);
        var certificates = await CertificatesAsync(run, cancellationToken);
        routes = [.. routes.OrderBy(r => r.Spec.Host, StringComparer.Ordinal).ThenBy(r => r.Spec.Path, StringComparer.Ordinal)];
        if (run.WriteMachine(ToJson(routes, certificates))) return CommandRunner.Done;
        if (routes.Count == 0) run.Say("No domains. Add one: strata domains add shop.example.com --to shop");
        else await WriteTableAsync(run, routes, certificates, cancellationToken);
        return CommandRunner.Done;
    }

    public static async Task<List<CertificateResource>> CertificatesAsync(Run run, CancellationToken cancellationToken)
    {
        var all = new List<CertificateResource>();
        await foreach (var certificate in run.Client.Resources<CertificateSpec, CertificateStatus>(Plurals.Certificates)
            .ListAsync(cancellationToken: cancellationToken)) all.Add(certificate);
        return all;
    }

    /// <summary>The one that the edges would serve: one's own before the cloud's.</summary>
    public static CertificateResource? Of(IEnumerable<CertificateResource> certificates, RouteResource route) =>
        certificates.Where(c => c.Project == route.Project && (!route.Spec.Api || !c.Spec.Own || c.Spec.Api)
                && CertificateHosts.Of(c).Any(h => CertificateHosts.Covers(h, route.Spec.Host)))
            .OrderByDescending(c => c.State == CertificateStates.Ready).ThenByDescending(c => c.Spec.Own).FirstOrDefault();

    private static JsonElement ToJson(List<RouteResource> routes, List<CertificateResource> certificates) =>
        JsonSerializer.SerializeToElement(routes.Select(route =>
        {
            var json = JsonSerializer.SerializeToNode(route, WireJson.Options)!.AsObject();
            json["certificate"] = Of(certificates, route) is not { } certificate ? null : new JsonObject
            {
                ["name"] = certificate.Name, ["state"] = certificate.State, ["issuer"] = certificate.Status.Issuer,
                ["own"] = certificate.Spec.Own, ["notAfter"] = certificate.Status.NotAfter, ["message"] = certificate.Status.Message,
            };
            return json;
        }).ToArray(), WireJson.Options);

    private static async Task WriteTableAsync(
        Run run, List<RouteResource> routes, List<CertificateResource> certificates, CancellationToken cancellationToken)
    {
        var names = new NameBook(run.Client, await KindCatalog.LoadAsync(run.Client, cancellationToken));
        var hasProjects = routes.Select(r => r.Project).Distinct(StringComparer.Ordinal).Skip(1).Any();
        var table = new Table(
            ["HOST", "PATH", .. hasProjects ? ["PROJECT"] : Array.Empty<string>(), "LEADS TO", "FOR", "CERTIFICATE", "EXPIRES", "MESSAGE"]);
        foreach (var route in routes)
        {
            var certificate = Of(certificates, route);
            List<Cell> cells = [route.Spec.Host, route.Spec.Path];
            if (hasProjects) cells.Add(await names.NameAsync(route.Project ?? "", cancellationToken));
            cells.Add(
                route.Spec.Deployment is { } id ? await names.NameAsync(id, cancellationToken) : route.Spec.RedirectTo ?? "(API)");
            cells.Add(For(route.Spec));
            cells.Add(new Cell(Shown(certificate), Tones.OfState(certificate?.State ?? "")));
            cells.Add(CertsCommand.Day(certificate?.Status.NotAfter));
            cells.Add(certificate?.Status.Message ?? route.Status.Message ?? "");
            table.Add([.. cells]);
        }
        table.Write(run.Terminal);
    }

    /// <summary>Who is served.</summary>
    private static string For(RouteSpec spec)
    {
        if (spec.Maintenance is not null) return "no one: maintenance";
        var from = spec.AllowFrom switch { null => null, [var one] => one, { Count: var count } => $"{count} networks" };
        return string.Join(", ", new[] { spec.SignIn ? "signed in" : null, from }.OfType<string>()) is { Length: > 0 } rules ? rules : "all";
    }

    private static string Shown(CertificateResource? certificate) => certificate switch
    {
        null => "none",
        { State: CertificateStates.Ready, Spec.Own: true } => "own",
        { State: CertificateStates.Ready } => certificate.Status.Issuer ?? "",
        _ => certificate.State,
    };
}
