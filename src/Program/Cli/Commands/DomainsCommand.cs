using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;
using CertificateResource = Strata.Core.Resource<Strata.Contracts.CertificateSpec, Strata.Contracts.CertificateStatus>;
using RouteResource = Strata.Core.Resource<Strata.Contracts.RouteSpec, Strata.Contracts.RouteStatus>;

namespace Strata.Cli.Commands;

/// <summary>
/// <c>strata domains</c>: the hosts that deployments are reached at. Each is a route, and the cloud gets a certificate for it.
/// </summary>
internal static class DomainsCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(300);

    private static readonly Argument<string> Host = new("host") { Description = "Host name, such as shop.example.com" };

    private static readonly Option<string?> To = new Option<string?>("--to")
    {
        Description = "Deployment that serves it", HelpName = "DEPLOYMENT",
    }.CompletesNames(Plurals.Deployments);

    private static readonly Option<bool> Api = new("--api") { Description = "Lead the host to the cloud's own API; for operators" };

    private static readonly Option<string?> RedirectTo = new("--redirect-to")
    {
        Description = "Send requests to this address instead, such as https://example.com", HelpName = "URL",
    };

    private static readonly Option<string> Path = new("--path")
    {
        Description = "Only this path of the host and what is below it", HelpName = "PATH", DefaultValueFactory = _ => "/",
    };

    private static readonly Option<bool?> Redirect = new("--redirect")
    {
        Description = "true or false: whether HTTP is redirected to HTTPS [true where browsers trust the certificate]", HelpName = "BOOL",
    };

    private static readonly Option<int?> Hsts = new("--hsts")
    {
        Description = "Seconds for which browsers are to use HTTPS alone; 0: they are not told", HelpName = "SECONDS",
    };

    private static readonly Option<bool> NoWait = new("--detach", "-d") { Description = "Do not wait for the certificate" };
    private static readonly Option<bool> Yes = SharedOptions.Yes();

    public static Command Create(Terminal terminal)
    {
        var domains = new Command("domains", "Serve deployments at your own host names, over HTTPS")
        {
            new Command("list", "List the hosts, with their certificates").Does(terminal, ListAsync),
            new Command("add", "Serve a deployment at a host") { Host, To, Api, RedirectTo, Path, Redirect, Hsts, NoWait }.Does(terminal, AddAsync),
            new Command("set", "Change how a host treats HTTP and HTTPS") { Host, Path, Redirect, Hsts }.Does(terminal, SetAsync),
            new Command("remove", "Stop serving at a host") { Host, Path, Yes }.Does(terminal, RemoveAsync),
        }.Does(terminal, ListAsync);
        domains.Aliases.Add("domain");
        return domains;
    }

    private static ResourceClient<RouteSpec, RouteStatus> Routes(Run run) =>
        run.Client.Resources<RouteSpec, RouteStatus>(Plurals.Routes);

    private static async Task<int> ListAsync(Run run, CancellationToken cancellationToken)
    {
        var routes = new List<RouteResource>();
        await foreach (var route in Routes(run).ListAsync(cancellationToken: cancellationToken)) routes.Add(route);
        if (run.WriteMachine(JsonSerializer.SerializeToElement(routes, WireJson.Options))) return CommandRunner.Done;
        if (routes.Count == 0)
        {
            run.Say("No domains. Add one: strata domains add shop.example.com --to shop");
            return CommandRunner.Done;
        }
        var certificates = await CertificatesAsync(run, cancellationToken);
        var names = new NameBook(run.Client, await KindCatalog.LoadAsync(run.Client, cancellationToken));
        var table = new Table("HOST", "PATH", "LEADS TO", "CERTIFICATE", "EXPIRES", "MESSAGE");
        foreach (var route in routes.OrderBy(r => r.Spec.Host, StringComparer.Ordinal).ThenBy(r => r.Spec.Path, StringComparer.Ordinal))
        {
            var certificate = Of(certificates, route);
            table.Add(
                route.Spec.Host, route.Spec.Path, await LeadsToAsync(names, route.Spec, cancellationToken),
                new Cell(Shown(certificate), Tones.OfState(certificate?.State ?? "")), CertsCommand.Day(certificate?.Status.NotAfter),
                certificate?.Status.Message ?? route.Status.Message ?? "");
        }
        table.Write(run.Terminal);
        return CommandRunner.Done;
    }

    private static async ValueTask<string> LeadsToAsync(NameBook names, RouteSpec route, CancellationToken cancellationToken) =>
        route.Deployment is { } id ? await names.NameAsync(id, cancellationToken) : route.RedirectTo ?? "(API)";

    private static async Task<int> AddAsync(Run run, CancellationToken cancellationToken)
    {
        var (host, path) = (run.Parse.GetRequiredValue(Host).TrimEnd('.').ToLowerInvariant(), run.Parse.GetRequiredValue(Path));
        var (to, isApi, redirectTo) = (run.Parse.GetValue(To), run.Parse.GetValue(Api), run.Parse.GetValue(RedirectTo));
        if ((to is null ? 0 : 1) + (isApi ? 1 : 0) + (redirectTo is null ? 0 : 1) != 1)
            throw UsageErrors.Of("Say where the host leads: it must be one of --to, --redirect-to and --api.",
                $"For a deployment: strata domains add {host} --to NAME").ToException();
        var deployment = to is null ? null : await run.Client.Resources<DeploymentSpec, DeploymentStatus>(Plurals.Deployments)
            .GetAsync(to, cancellationToken: cancellationToken);
        var made = await Routes(run).CreateAsync(new NewResource<RouteSpec>
        {
            Name = NameOf(host, path), Project = deployment?.Project ?? run.Project,
            Spec = new RouteSpec
            {
                Host = host, Path = path, Deployment = deployment?.Id, Api = isApi, RedirectTo = redirectTo,
                Https = Given(run, null),
            },
        }, cancellationToken: cancellationToken);
        if (run.Format != OutputFormat.Table) run.WriteMachine(made);
        else run.Terminal.Out.WriteLine($"{host}{(path == "/" ? "" : path)} leads to {deployment?.Name ?? redirectTo ?? "the API of this cloud"}.");
        if (!run.Parse.GetValue(NoWait)) await SayCertificateAsync(run, made, cancellationToken);
        return CommandRunner.Done;
    }

    private static async Task<int> SetAsync(Run run, CancellationToken cancellationToken)
    {
        var route = await FindAsync(run, cancellationToken);
        if (Given(run, route.Spec.Https) is not { } https)
            throw UsageErrors.Of("There is nothing to set.", "Add --redirect or --hsts.").ToException();
        var changed = await Routes(run).ChangeAsync(
            route, route with { Spec = route.Spec with { Https = https } }, cancellationToken: cancellationToken);
        if (!run.WriteMachine(changed)) run.Say($"Changed {route.Spec.Host}; the edges use it at once.");
        return CommandRunner.Done;
    }

    private static async Task<int> RemoveAsync(Run run, CancellationToken cancellationToken)
    {
        var route = await FindAsync(run, cancellationToken);
        var what = route.Spec.Host + (route.Spec.Path == "/" ? "" : route.Spec.Path);
        if (!await Confirmation.AskAsync(run, Yes, $"Stop serving at {what}?", cancellationToken)) return CommandRunner.Failed;
        var removed = await Routes(run).DeleteAsync(route.Id, cancellationToken: cancellationToken);
        if (!run.WriteMachine(removed)) run.Say($"{what} is not served any more.");
        return CommandRunner.Done;
    }

    private static async Task<RouteResource> FindAsync(Run run, CancellationToken cancellationToken)
    {
        var (host, path) = (run.Parse.GetRequiredValue(Host).TrimEnd('.').ToLowerInvariant(), run.Parse.GetRequiredValue(Path));
        var filter = new ResourceFilter { Fields = new Dictionary<string, string> { ["spec.host"] = host } };
        var paths = new List<string>();
        await foreach (var route in Routes(run).ListAsync(filter, cancellationToken))
        {
            if (route.Spec.Path == path) return route;
            paths.Add(route.Spec.Path);
        }
        throw new Error(ErrorKind.NotFound, "NOT_FOUND", paths.Count == 0
            ? $"There is no domain {host}." : $"{host} is served at {string.Join(", ", paths)} only.",
            paths.Count == 0 ? "See all: strata domains" : $"Say which: --path {paths[0]}").ToException();
    }

    /// <returns>Null: the command says nothing of it.</returns>
    private static RouteHttps? Given(Run run, RouteHttps? present)
    {
        var (redirect, hsts) = (run.Parse.GetValue(Redirect), run.Parse.GetValue(Hsts));
        if (redirect is null && hsts is null) return null;
        return new RouteHttps { Redirect = redirect ?? present?.Redirect, HstsSeconds = hsts ?? present?.HstsSeconds };
    }

    /// <summary>Waits for the certificate, so that the address that is printed works, or why it does not is known.</summary>
    private static async Task SayCertificateAsync(Run run, RouteResource route, CancellationToken cancellationToken)
    {
        var begun = run.Terminal.Time.GetTimestamp();
        var isSaid = false;
        while (run.Terminal.Time.GetElapsedTime(begun) < Patience)
        {
            var certificate = Of(await CertificatesAsync(run, cancellationToken), route);
            if (certificate is { State: CertificateStates.Ready })
            {
                run.Say(certificate.Status.IsPublic ? "Its certificate is ready."
                    : "Its certificate is ready, of this cloud's own authority: browsers trust it after `strata ca trust`.");
                return;
            }
            if (certificate is { State: CertificateStates.Failed, Status.Message: { } why })
            {
                run.Say($"There is no certificate for it yet: {why}");
                run.Say($"It is tried again. Point the DNS name {route.Spec.Host} at this cloud's edge, then: "
                    + $"strata certs renew {certificate.Name}");
                return;
            }
            if (!isSaid) run.Say("Getting a certificate…");
            isSaid = true;
            await Task.Delay(LookEvery, run.Terminal.Time, cancellationToken);
        }
        run.Say("Its certificate is still being issued; see strata domains");
    }

    private static async Task<List<CertificateResource>> CertificatesAsync(Run run, CancellationToken cancellationToken)
    {
        var all = new List<CertificateResource>();
        await foreach (var certificate in run.Client.Resources<CertificateSpec, CertificateStatus>(Plurals.Certificates)
            .ListAsync(cancellationToken: cancellationToken)) all.Add(certificate);
        return all;
    }

    /// <summary>The one that the edges would serve: one's own before the cloud's.</summary>
    private static CertificateResource? Of(IEnumerable<CertificateResource> certificates, RouteResource route) =>
        certificates.Where(c => c.Project == route.Project && Hosts(c).Any(h => Covers(h, route.Spec.Host)))
            .OrderByDescending(c => c.State == CertificateStates.Ready).ThenByDescending(c => c.Spec.Own).FirstOrDefault();

    private static IReadOnlyList<string> Hosts(CertificateResource certificate) =>
        certificate.Status.Hosts.Count > 0 ? certificate.Status.Hosts : certificate.Spec.Hosts;

    private static bool Covers(string name, string host) => name == host || (name.StartsWith("*.", StringComparison.Ordinal)
        && host.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot && host[dot..] == name[1..]);

    private static string Shown(CertificateResource? certificate) => certificate switch
    {
        null => "none",
        { State: CertificateStates.Ready, Spec.Own: true } => "own",
        { State: CertificateStates.Ready } => certificate.Status.Issuer ?? "",
        _ => certificate.State,
    };

    /// <summary>Readable and unique for each host and path: <c>shop.example.com/docs</c> is <c>shop-example-com-docs</c>.</summary>
    private static string NameOf(string host, string path)
    {
        var text = new string([.. (host + path).TrimEnd('/').Select(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) ? c : '-')]);
        if (text.Length == 0 || !char.IsAsciiLetterLower(text[0])) text = "h-" + text;
        return text.Start(ResourceName.LengthMax).TrimEnd('-');
    }
}
