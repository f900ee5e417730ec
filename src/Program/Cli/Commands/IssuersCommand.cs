using System.CommandLine;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata issuers</c>: who signs the cloud's certificates.</summary>
internal static class IssuersCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(300);

    private const string Staging = "letsencrypt-staging";

    /// <summary>Authorities by the names that people know them by.</summary>
    private static readonly Dictionary<string, string> Known = new(StringComparer.Ordinal)
    {
        ["letsencrypt"] = "https://acme-v02.api.letsencrypt.org/directory",
        [Staging] = "https://acme-staging-v02.api.letsencrypt.org/directory",
    };

    private static readonly Argument<string> Name = new Argument<string>("name") { Description = "Name of the issuer" }
        .CompletesNames(Plurals.Issuers);

    private static readonly Argument<string> NewName = new("name")
    {
        Description = "Name of the issuer; letsencrypt and letsencrypt-staging are known",
    };

    private static readonly Option<int?> Order = new("--order")
    {
        Description = "The issuer with the lowest is asked first; the next one only if it fails [default: 100]", HelpName = "NUMBER",
    };

    private static readonly Option<string?> Directory = new("--directory")
    {
        Description = "Address of its ACME directory; not needed for the known ones", HelpName = "URL",
    };

    private static readonly Option<string?> Email = new("--email")
    {
        Description = "Where the authority writes to", HelpName = "ADDRESS",
    };

    private static readonly Option<bool> Agree = new("--agree-to-terms")
    {
        Description = "You agree to the authority's terms of service",
    };

    private static readonly Option<string?> Challenge = new Option<string?>("--challenge")
    {
        Description = "How hosts are proven: http-01, by the edges, or dns-01, by the servers' --dns-hook [default: http-01]",
        HelpName = "TYPE",
    }.AcceptOnlyFromAmong(IssuerChallenges.Http, IssuerChallenges.Dns);

    private static readonly Option<bool?> Trusted = new("--trusted")
    {
        Description = "true or false: whether browsers trust it, so that HTTP is redirected to HTTPS [false for staging and with --roots]",
        HelpName = "BOOL",
    };

    private static readonly Option<FileInfo?> Roots = new("--roots")
    {
        Description = "PEM file of certificates by which the directory's own HTTPS is trusted, for an authority of your own",
        HelpName = "FILE",
    };

    private static readonly Option<bool> Yes = SharedOptions.Yes();

    public static Command Create(Terminal terminal)
    {
        var issuers = new Command("issuers", "Choose who signs the cloud's certificates, such as Let's Encrypt")
        {
            new Command("list", "List the issuers").Does(terminal, ListAsync),
            new Command("add", "Add an authority that speaks ACME; public hosts get their certificates from it")
            {
                NewName, Directory, Email, Agree, Challenge, Order, Roots, Trusted,
            }.Does(terminal, AddAsync),
            new Command("set", "Change an issuer") { Name, Email, Challenge, Order, Roots, Trusted }.Does(terminal, SetAsync),
            new Command("remove", "Remove an issuer; what it has signed is served until it is renewed") { Name, Yes }
                .Does(terminal, RemoveAsync),
        }.Does(terminal, ListAsync);
        issuers.Aliases.Add("issuer");
        return issuers;
    }

    private static Task<int> ListAsync(Run run, CancellationToken cancellationToken) =>
        ResourceOutput.WriteAllAsync(run, Plurals.Issuers, cancellationToken);

    private static async Task<int> AddAsync(Run run, CancellationToken cancellationToken)
    {
        var name = run.Parse.GetRequiredValue(NewName);
        var directory = run.Parse.GetValue(Directory) ?? Known.GetValueOrDefault(name)
            ?? throw UsageErrors.Of(
                $"\"{name}\" is not one of the known issuers.", "Add --directory URL, the address of its ACME directory.").ToException();
        if (!run.Parse.GetValue(Agree))
            throw UsageErrors.Of("An authority issues certificates only to those who agree to its terms of service.",
                $"Read them (curl {directory} names their address), then add --agree-to-terms.").ToException();
        var made = await run.Client.Resources<IssuerSpec, IssuerStatus>(Plurals.Issuers).CreateAsync(new NewResource<IssuerSpec>
        {
            Name = name,
            Spec = new IssuerSpec
            {
                Directory = directory,
                Trusted = run.Parse.GetValue(Trusted) ?? (directory == Known[Staging] ? false : null), Email = run.Parse.GetValue(Email),
                AgreesToTerms = true, Challenge = run.Parse.GetValue(Challenge) ?? IssuerChallenges.Http,
                Order = run.Parse.GetValue(Order) ?? IssuerSpec.DefaultOrder,
                Roots = run.Parse.GetValue(Roots) is { } file ? await CertsCommand.ReadAsync(file, cancellationToken) : null,
            },
        }, cancellationToken: cancellationToken);
        run.Say("Registering the cloud with it…");
        var ready = await WaitAsync(run, made.Id, cancellationToken);
        if (run.Format != OutputFormat.Table) run.WriteMachine(ready);
        if (ready.State == IssuerStates.Failed)
            throw new Error(
                ErrorKind.Unavailable, "ISSUER_NOT_READY", $"{name} is not ready: {ready.Status.Message}",
                $"It is kept, and tried again each minute. To change it: strata issuers set {name} --help; to begin again: "
                + $"strata issuers remove {name}").ToException();
        run.Say(ready.State == IssuerStates.Ready ? $"{name} is ready. Hosts that are public get their certificates from it."
            : $"{name} is still being set up; see strata issuers");
        return CommandRunner.Done;
    }

    private static async Task<int> SetAsync(Run run, CancellationToken cancellationToken)
    {
        var issuers = run.Client.Resources<IssuerSpec, IssuerStatus>(Plurals.Issuers);
        var issuer = await issuers.GetAsync(run.Parse.GetRequiredValue(Name), cancellationToken: cancellationToken);
        var (email, order, trusted) = (run.Parse.GetValue(Email), run.Parse.GetValue(Order), run.Parse.GetValue(Trusted));
        var roots = run.Parse.GetValue(Roots) is { } file ? await CertsCommand.ReadAsync(file, cancellationToken) : null;
        var challenge = run.Parse.GetValue(Challenge);
        if (email is null && order is null && trusted is null && roots is null && challenge is null)
            throw UsageErrors.Of("There is nothing to set.", "Add --email, --challenge, --order, --roots or --trusted.").ToException();
        var spec = issuer.Spec with
        {
            Email = email ?? issuer.Spec.Email, Order = order ?? issuer.Spec.Order, Trusted = trusted ?? issuer.Spec.Trusted,
            Roots = roots ?? issuer.Spec.Roots, Challenge = challenge ?? issuer.Spec.Challenge,
        };
        var changed = await issuers.ChangeAsync(issuer, issuer with { Spec = spec }, cancellationToken: cancellationToken);
        if (!run.WriteMachine(changed)) run.Say($"Changed {issuer.Name}; see strata issuers");
        return CommandRunner.Done;
    }

    private static async Task<Resource<IssuerSpec, IssuerStatus>> WaitAsync(Run run, string id, CancellationToken cancellationToken)
    {
        var begun = run.Terminal.Time.GetTimestamp();
        while (true)
        {
            var issuer = await run.Client.Resources<IssuerSpec, IssuerStatus>(Plurals.Issuers)
                .GetAsync(id, cancellationToken: cancellationToken);
            if (issuer.State != IssuerStates.Pending || run.Terminal.Time.GetElapsedTime(begun) > Patience) return issuer;
            await Task.Delay(LookEvery, run.Terminal.Time, cancellationToken);
        }
    }

    private static async Task<int> RemoveAsync(Run run, CancellationToken cancellationToken)
    {
        var name = run.Parse.GetRequiredValue(Name);
        if (!await Confirmation.AskAsync(run, Yes, $"Remove the issuer {name}?", cancellationToken)) return CommandRunner.Failed;
        var removed = await run.Client.Resources(Plurals.Issuers).DeleteAsync(name, cancellationToken: cancellationToken);
        if (!run.WriteMachine(ResourceOutput.ToJson(removed))) run.Say($"Removed {name}.");
        return CommandRunner.Done;
    }
}
