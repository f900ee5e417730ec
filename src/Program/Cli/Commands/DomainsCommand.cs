using System.CommandLine;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;
using RouteResource = Strata.Core.Resource<Strata.Contracts.RouteSpec, Strata.Contracts.RouteStatus>;

namespace Strata.Cli.Commands;

/// <summary>
/// <c>strata domains</c>: the hosts that deployments are reached at. Each is a route, and the cloud gets a certificate for it.
/// </summary>
internal static class DomainsCommand
{
    private const string Auto = "auto";
    private const StringSplitOptions Parts = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;

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

    private static readonly Option<string?> Path = new("--path")
    {
        Description = "Only this path of the host and what is below it", HelpName = "PATH",
    };

    private static readonly Option<string?> Redirect = new Option<string?>("--redirect")
    {
        Description = "Whether HTTP is redirected to HTTPS: true, false, or auto: where browsers trust the certificate",
        HelpName = "WHEN",
    }.AcceptOnlyFromAmong("true", "false", Auto);

    private static readonly Option<int?> Hsts = new("--hsts")
    {
        Description = "Seconds for which browsers are to use HTTPS alone, up to two years; 0 takes it back", HelpName = "SECONDS",
    };

    private static readonly Option<string[]> AllowFrom = new("--allow-from")
    {
        Description = "Serve clients of these addresses and networks alone, such as 10.1.0.0/16; repeatable; all: everyone",
        HelpName = "NETWORK",
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<string?> Maintenance = new("--maintenance")
    {
        Description = "Serve this sentence with status 503 instead of the deployment; off: serve the deployment again", HelpName = "TEXT",
    };

    private static readonly Option<bool?> StripPath = new("--strip-path")
    {
        Description = "true or false: whether instances see the path without what --path says", HelpName = "BOOL",
    };

    private static readonly Option<bool?> SignIn = new("--sign-in")
    {
        Description = "true or false: whether visitors must be signed in to this cloud and hold routes.visit", HelpName = "BOOL",
    };

    private static readonly Option<bool?> Sticky = new("--sticky")
    {
        Description = "true or false: whether a client stays with the instance that has answered it, by a cookie", HelpName = "BOOL",
    };

    private static readonly Option<bool?> Compress = new("--compress")
    {
        Description = "true or false: whether the edge compresses text that the deployment answers; it does by default", HelpName = "BOOL",
    };

    private static readonly Option<bool> NoWait = new("--detach", "-d") { Description = "Do not wait for the certificate" };
    private static readonly Option<bool> Yes = SharedOptions.Yes();

    public static Command Create(Terminal terminal)
    {
        var domains = new Command("domains", "Serve deployments at your own host names, over HTTPS")
        {
            new Command("list", "List the hosts, with their certificates").Does(terminal, DomainList.WriteAsync),
            new Command("add", "Serve a deployment at a host")
            {
                Host, To, Api, RedirectTo, Path, Redirect, Hsts, AllowFrom, SignIn, StripPath, Compress, Sticky, NoWait,
            }.Does(terminal, AddAsync),
            new Command("set", "Change where a host leads, or how it treats requests")
            {
                Host, To, RedirectTo, Path, Redirect, Hsts, AllowFrom, SignIn, StripPath, Compress, Sticky, Maintenance,
            }.Does(terminal, SetAsync),
            new Command("remove", "Stop serving at a host") { Host, Path, Yes }.Does(terminal, RemoveAsync),
        }.Does(terminal, DomainList.WriteAsync);
        domains.Aliases.Add("domain");
        return domains;
    }

    internal static ResourceClient<RouteSpec, RouteStatus> Routes(Run run) =>
        run.Client.Resources<RouteSpec, RouteStatus>(Plurals.Routes);

    private static async Task<int> AddAsync(Run run, CancellationToken cancellationToken)
    {
        var (host, path) = (HostOf(run), PathOf(run) ?? "/");
        var (to, isApi, redirectTo) = (run.Parse.GetValue(To), run.Parse.GetValue(Api), run.Parse.GetValue(RedirectTo));
        var targets = (to is null ? 0 : 1) + (isApi ? 1 : 0) + (redirectTo is null ? 0 : 1);
        if (targets > 1)
            throw UsageErrors.Of("A host leads to one place.", "Give one of --to, --redirect-to and --api.").ToException();
        if (targets == 0)
            throw UsageErrors.Of("Say where the host leads: it must be one of --to, --redirect-to and --api.",
                $"For a deployment: strata domains add {host} --to NAME").ToException();
        var deployment = to is null ? null : await DeploymentAsync(run, to, cancellationToken);
        var spec = new RouteSpec
        {
            Host = host, Path = path, Deployment = deployment?.Id, Api = isApi, RedirectTo = redirectTo, Https = Given(run, null),
        };
        spec = WithRules(run, spec);
        var route = await CreateAsync(run, deployment?.Project ?? run.Project, spec, cancellationToken);
        if (!run.WriteMachine(route))
            run.Terminal.Out.WriteLine($"{Shown(route)} leads to {deployment?.Name ?? redirectTo ?? "the API of this cloud"}.");
        if (isApi)
            run.Say("To the API all callers there have the edge's address. For their own: strata up --trusted-proxies 127.0.0.1/32");
        await OpenAddresses.WarnAsync(run, route, cancellationToken);
        return run.Parse.GetValue(NoWait) ? CommandRunner.Done : await CertificateWait.RunAsync(
            run, async () => DomainList.Of(await DomainList.CertificatesAsync(run, cancellationToken), route), null, cancellationToken);
    }

    /// <summary>What is there already and is the same will do, as it does elsewhere.</summary>
    private static async Task<RouteResource> CreateAsync(Run run, string project, RouteSpec spec, CancellationToken cancellationToken)
    {
        var present = await FindAllAsync(run, spec.Host, cancellationToken);
        if (present.Find(r => r.Spec.Path == spec.Path) is { } same)
        {
            if ((same.Spec.Deployment, same.Spec.Api, same.Spec.RedirectTo) != (spec.Deployment, spec.Api, spec.RedirectTo))
                throw new Error(
                    ErrorKind.Conflict, "NAME_TAKEN", $"{spec.Host}{(spec.Path == "/" ? "" : spec.Path)} is served already.",
                    $"To change where it leads: strata domains set {spec.Host} --to NAME").ToException();
            var wanted = WithRules(run, same.Spec with { Https = Given(run, same.Spec.Https) ?? same.Spec.Https });
            return GivesRules(run)
                ? await Routes(run).ChangeAsync(same, same with { Spec = wanted }, cancellationToken: cancellationToken) : same;
        }
        var draft = new NewResource<RouteSpec>
        {
            Name = ResourceName.Of((spec.Host + spec.Path).TrimEnd('/')), Project = project, Spec = spec,
        };
        return await Routes(run).CreateAsync(draft, cancellationToken: cancellationToken);
    }

    private static async Task<int> SetAsync(Run run, CancellationToken cancellationToken)
    {
        var route = await FindAsync(run, cancellationToken);
        var (to, redirectTo) = (run.Parse.GetValue(To), run.Parse.GetValue(RedirectTo));
        var spec = WithRules(run, route.Spec with { Https = Given(run, route.Spec.Https) ?? route.Spec.Https });
        if (to is null && redirectTo is null && !GivesRules(run))
            throw UsageErrors.Of("There is nothing to set.", "See what can be set: strata domains set --help").ToException();
        if (redirectTo is not null) spec = spec with { RedirectTo = redirectTo, Deployment = null };
        if (to is not null)
            spec = spec with { Deployment = (await DeploymentAsync(run, to, cancellationToken)).Id, RedirectTo = null };
        var changed = await Routes(run).ChangeAsync(route, route with { Spec = spec }, cancellationToken: cancellationToken);
        if (!run.WriteMachine(changed)) run.Say($"Changed {Shown(route)}; the edges use it at once.");
        if (GivesRules(run)) await OpenAddresses.WarnAsync(run, changed, cancellationToken);
        return CommandRunner.Done;
    }

    private static async Task<int> RemoveAsync(Run run, CancellationToken cancellationToken)
    {
        var route = await FindAsync(run, cancellationToken, isExact: true);
        if (route.Spec.Deployment is { } id && await run.Client.Resources<DeploymentSpec, DeploymentStatus>(Plurals.Deployments)
            .FindAsync(id, cancellationToken: cancellationToken) is { } deployment && OpenAddresses.IsOwn(deployment, route))
            throw UsageErrors.Of($"{Shown(route)} is the own address of {deployment.Name}, which it always has.",
                $"To close it: strata domains set {route.Spec.Host} --sign-in true, --allow-from NETWORK or --maintenance TEXT")
                .ToException();
        if (!await Confirmation.AskAsync(run, Yes, $"Stop serving at {Shown(route)}?", cancellationToken)) return CommandRunner.Failed;
        var removed = await Routes(run).DeleteAsync(route.Id, cancellationToken: cancellationToken);
        if (run.WriteMachine(removed)) return CommandRunner.Done;
        var others = await FindAllAsync(run, route.Spec.Host, cancellationToken);
        var rest = others.Count == 0 ? "" : $"; {string.Join(", ", others.Select(Shown))} still {(others.Count == 1 ? "is" : "are")}";
        run.Say($"{Shown(route)} is not served any more{rest}.");
        return CommandRunner.Done;
    }

    /// <param name="isExact">Whether no path means "/", and not the only one that there is.</param>
    private static async Task<RouteResource> FindAsync(Run run, CancellationToken cancellationToken, bool isExact = false)
    {
        var (host, path) = (HostOf(run), PathOf(run));
        var routes = await FindAllAsync(run, host, cancellationToken);
        var found = path is null && routes is [var only] && !isExact ? only : routes.Find(r => r.Spec.Path == (path ?? "/"));
        return found ?? throw new Error(ErrorKind.NotFound, "NOT_FOUND", routes.Count == 0
            ? $"There is no domain {host}." : $"{host} is served at {string.Join(", ", routes.Select(r => r.Spec.Path))} only.",
            routes.Count == 0 ? "See all: strata domains" : $"Say which: --path {routes[0].Spec.Path}").ToException();
    }

    private static async Task<List<RouteResource>> FindAllAsync(Run run, string host, CancellationToken cancellationToken)
    {
        var filter = new ResourceFilter { Fields = new Dictionary<string, string> { ["spec.host"] = host } };
        var routes = new List<RouteResource>();
        await foreach (var route in Routes(run).ListAsync(filter, cancellationToken)) routes.Add(route);
        return routes;
    }

    private static async Task<Resource<DeploymentSpec, DeploymentStatus>> DeploymentAsync(
        Run run, string name, CancellationToken cancellationToken) =>
        await run.Client.Resources<DeploymentSpec, DeploymentStatus>(Plurals.Deployments)
            .GetAsync(name, cancellationToken: cancellationToken);

    private static bool GivesRules(Run run) => run.Parse.GetValue(AllowFrom) is { Length: > 0 }
        || new[] { StripPath, Compress, Sticky, SignIn }.Any(o => run.Parse.GetValue(o) is not null)
        || run.Parse.GetValue(Maintenance) is not null || run.Parse.GetValue(Redirect) is not null || run.Parse.GetValue(Hsts) is not null;

    private static RouteSpec WithRules(Run run, RouteSpec spec)
    {
        if (run.Parse.GetValue(AllowFrom) is { Length: > 0 } networks)
            spec = spec with { AllowFrom = networks is ["all"] ? null : [.. networks.SelectMany(n => n.Split(',', Parts))] };
        if (run.Parse.GetValue(StripPath) is { } strips) spec = spec with { StripPath = strips };
        if (run.Parse.GetValue(SignIn) is { } signsIn) spec = spec with { SignIn = signsIn };
        if (run.Parse.GetValue(Sticky) is { } sticks) spec = spec with { Sticky = sticks };
        if (run.Parse.GetValue(Compress) is { } compresses) spec = spec with { Compress = compresses };
        if (run.Parse.GetValue(Maintenance) is { } sentence)
            spec = spec with { Maintenance = sentence.Equals("off", StringComparison.OrdinalIgnoreCase) ? null : sentence };
        return spec;
    }

    /// <returns>Null: the command says nothing of it.</returns>
    private static RouteHttps? Given(Run run, RouteHttps? present)
    {
        var (redirect, hsts) = (run.Parse.GetValue(Redirect), run.Parse.GetValue(Hsts));
        if (redirect is null && hsts is null) return null;
        return new RouteHttps
        {
            Redirect = redirect is null ? present?.Redirect : redirect == Auto ? null : redirect == "true",
            HstsSeconds = hsts ?? present?.HstsSeconds,
        };
    }

    /// <summary>As DNS has it: lower case, and <c>xn--…</c> for letters beyond ASCII.</summary>
    private static string HostOf(Run run)
    {
        var given = run.Parse.GetRequiredValue(Host);
        if (given.Contains("://", StringComparison.Ordinal) || given.Contains('/', StringComparison.Ordinal)
            || given.Contains(':', StringComparison.Ordinal))
            throw UsageErrors.Of($"\"{given}\" is an address.", "Give the host alone, such as shop.example.com; a path with --path.")
                .ToException();
        if (given.Contains('*', StringComparison.Ordinal))
            throw UsageErrors.Of("Wildcards are not served: each host is added by itself.", "For example shop.example.com").ToException();
        try
        {
            var host = new System.Globalization.IdnMapping { UseStd3AsciiRules = true }.GetAscii(given.TrimEnd('.')).ToLowerInvariant();
            return host.Length > 0 ? host : throw new ArgumentException("It is empty.");
        }
        catch (ArgumentException)
        {
            throw UsageErrors.Of($"\"{given}\" is not a host name.",
                "It takes letters, digits, \"-\" and dots, up to 63 characters between two dots.").ToException();
        }
    }

    /// <returns>Null: none is given.</returns>
    private static string? PathOf(Run run)
    {
        if (run.Parse.GetValue(Path) is not { } given) return null;
        if (!given.StartsWith('/'))
            throw UsageErrors.Of($"The path \"{given}\" does not start with \"/\".", $"For example --path /{given}").ToException();
        return given.Length > 1 ? given.TrimEnd('/') : given;
    }

    internal static string Shown(RouteResource route) => route.Spec.Host + (route.Spec.Path == "/" ? "" : route.Spec.Path);
}
