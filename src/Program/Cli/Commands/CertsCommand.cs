using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Client;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata certs</c>: certificates of hosts. The cloud makes them itself; one's own may be brought.</summary>
internal static class CertsCommand
{
    private const int FileBytesMax = 100 * 1024;

    private static readonly Argument<string> Name = new Argument<string>("name")
    {
        Description = "Name of the certificate, or the host of one that the cloud makes",
    }.CompletesNames(Plurals.Certificates);

    private static readonly Option<FileInfo> Chain = new("--cert")
    {
        Description = "PEM file with the certificate, then those that lead to its authority", HelpName = "FILE", Required = true,
    };

    private static readonly Option<FileInfo> Key = new("--key")
    {
        Description = "PEM file with the private key, unencrypted", HelpName = "FILE", Required = true,
    };

    private static readonly Option<bool> Api = new("--api")
    {
        Description = "Let it serve the host of the cloud's own API too; for operators",
    };

    private static readonly Option<bool> Yes = SharedOptions.Yes();

    public static Command Create(Terminal terminal)
    {
        var certs = new Command("certs", "List certificates, renew one, or bring your own")
        {
            new Command("list", "List the certificates").Does(terminal, ListAsync),
            new Command("add", "Bring your own certificate, or a newer one for the same name") { Name, Chain, Key, Api }
                .Does(terminal, AddAsync),
            new Command("renew", "Have a certificate issued again now") { Name }.Does(terminal, RenewAsync),
            new Command("remove", "Remove a certificate of your own; the cloud's is served instead") { Name, Yes }
                .Does(terminal, RemoveAsync),
        }.Does(terminal, ListAsync);
        certs.Aliases.Add("cert");
        return certs;
    }

    /// <summary>As a table shows it.</summary>
    internal static string Day(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? "";

    private static Task<int> ListAsync(Run run, CancellationToken cancellationToken) =>
        ResourceOutput.WriteAllAsync(run, Plurals.Certificates, cancellationToken);

    private static async Task<int> AddAsync(Run run, CancellationToken cancellationToken)
    {
        var (name, isForApi) = (run.Parse.GetRequiredValue(Name), run.Parse.GetValue(Api));
        var body = new Dictionary<string, string>
        {
            ["chain"] = await ReadAsync(run.Parse.GetRequiredValue(Chain), cancellationToken),
            ["privateKey"] = await ReadAsync(run.Parse.GetRequiredValue(Key), cancellationToken),
        };
        var certificates = run.Client.Resources<CertificateSpec, CertificateStatus>(Plurals.Certificates);
        var present = await certificates.FindAsync(name, cancellationToken: cancellationToken);
        if (present is { Spec: { Own: true, Api: false } } && isForApi)
            throw UsageErrors.Of($"{name} is not for the cloud's API, which is settled when a certificate is made.",
                $"Make another: strata certs add {name}-api --api --cert FILE --key FILE").ToException();
        var spec = new CertificateSpec { Own = true, Api = isForApi };
        var made = present is not null ? null : await certificates.CreateAsync(
            new NewResource<CertificateSpec> { Name = name, Project = run.Project, Spec = spec }, cancellationToken: cancellationToken);
        try
        {
            using var answer = await run.Client.SendAsync(
                HttpMethod.Post, $"/api/v1/certificates/{(present ?? made)!.Id}/install",
                new JsonText(JsonSerializer.SerializeToUtf8Bytes(body, WireJson.Options)), cancellationToken: cancellationToken);
            if (run.WriteMachine(answer!.RootElement)) return CommandRunner.Done;
            var status = answer.RootElement.GetProperty("status");
            run.Say($"{name} is for {string.Join(", ", status.GetProperty("hosts").EnumerateArray().Select(h => h.GetString()))}, "
                + $"until {Day(status.Time("notAfter"))}. It serves those among the project's domains; the cloud does not renew it.");
            return CommandRunner.Done;
        }
        catch (StrataException) when (made is not null)
        {
            // What is refused leaves nothing behind that was made for it.
            await certificates.DeleteAsync(made.Id, ifMatch: made.Revision, cancellationToken: CancellationToken.None);
            throw;
        }
    }

    private static async Task<int> RenewAsync(Run run, CancellationToken cancellationToken)
    {
        var before = await FindAsync(run, run.Parse.GetRequiredValue(Name), cancellationToken);
        if (before.Spec.Own)
            throw UsageErrors.Of($"{before.Name} is your own certificate, which the cloud cannot renew.",
                $"Bring a newer one: strata certs add {before.Name} --cert FILE --key FILE").ToException();
        var renewed = await Certificates(run).TransitionAsync(before.Id, "renew", cancellationToken: cancellationToken);
        if (run.WriteMachine(renewed)) return CommandRunner.Done;
        return await CertificateWait.RunAsync(
            run, () => Certificates(run).FindAsync(before.Id, cancellationToken: cancellationToken), before.Status, cancellationToken);
    }

    private static ResourceClient<CertificateSpec, CertificateStatus> Certificates(Run run) =>
        run.Client.Resources<CertificateSpec, CertificateStatus>(Plurals.Certificates);

    /// <summary>By its name, its id, or the host that the cloud makes it for.</summary>
    private static async Task<Resource<CertificateSpec, CertificateStatus>> FindAsync(
        Run run, string name, CancellationToken cancellationToken)
    {
        if (!name.Contains('.', StringComparison.Ordinal)
            && await Certificates(run).FindAsync(name, cancellationToken: cancellationToken) is { } named) return named;
        await foreach (var certificate in Certificates(run).ListAsync(cancellationToken: cancellationToken))
            if (!certificate.Spec.Own && certificate.Spec.Hosts.Contains(name)) return certificate;
        throw new Error(ErrorKind.NotFound, "NOT_FOUND", $"The cloud makes no certificate for {name}.", "See all: strata certs")
            .ToException();
    }

    private static async Task<int> RemoveAsync(Run run, CancellationToken cancellationToken)
    {
        var name = run.Parse.GetRequiredValue(Name);
        if (!await Confirmation.AskAsync(run, Yes, $"Remove the certificate {name}?", cancellationToken)) return CommandRunner.Failed;
        var removed = await run.Client.Resources(Plurals.Certificates).DeleteAsync(name, cancellationToken: cancellationToken);
        if (!run.WriteMachine(ResourceOutput.ToJson(removed))) run.Say($"Removed {name}.");
        return CommandRunner.Done;
    }

    internal static async Task<string> ReadAsync(FileInfo file, CancellationToken cancellationToken)
    {
        if (!file.Exists) throw UsageErrors.Of($"There is no file {file.FullName}.", "Check the path.").ToException();
        if (file.Length > FileBytesMax) throw UsageErrors.Of($"{file.Name} is too long for a PEM file.", "Check the path.").ToException();
        var text = await File.ReadAllTextAsync(file.FullName, cancellationToken);
        return text.Contains("-----BEGIN ", StringComparison.Ordinal) ? text : throw UsageErrors.Of(
            $"{file.Name} is not in PEM, which begins with -----BEGIN.",
            "Convert it: openssl x509 -in FILE -inform der -out cert.pem, or for a .p12 file: openssl pkcs12 -in FILE -nodes -out both.pem")
            .ToException();
    }
}
