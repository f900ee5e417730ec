using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Strata.Cli.Kinds;
using Strata.Cli.Shell;
using Strata.Contracts;
using Strata.Core;

namespace Strata.Cli.Commands;

/// <summary><c>strata certs</c>: certificates of hosts. The cloud makes them itself; one's own may be brought.</summary>
internal static class CertsCommand
{
    private const int FileBytesMax = 100 * 1024;

    private static readonly Argument<string> Name = new Argument<string>("name") { Description = "Name of the certificate" }
        .CompletesNames(Plurals.Certificates);

    private static readonly Option<FileInfo> Chain = new("--cert")
    {
        Description = "PEM file with the certificate, then those that lead to its authority", HelpName = "FILE", Required = true,
    };

    private static readonly Option<FileInfo> Key = new("--key")
    {
        Description = "PEM file with the private key, unencrypted", HelpName = "FILE", Required = true,
    };

    private static readonly Option<bool> Yes = SharedOptions.Yes();

    public static Command Create(Terminal terminal)
    {
        var certs = new Command("certs", "List certificates, renew one, or bring your own")
        {
            new Command("list", "List the certificates").Does(terminal, ListAsync),
            new Command("add", "Bring your own certificate, or a newer one for the same name") { Name, Chain, Key }
                .Does(terminal, AddAsync),
            new Command("renew", "Have a certificate issued again now") { Name }.Does(terminal, RenewAsync),
            new Command("remove", "Remove a certificate; the cloud makes one of its own for hosts that need one") { Name, Yes }
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
        var name = run.Parse.GetRequiredValue(Name);
        var body = new Dictionary<string, string>
        {
            ["chain"] = await ReadAsync(run.Parse.GetRequiredValue(Chain), cancellationToken),
            ["privateKey"] = await ReadAsync(run.Parse.GetRequiredValue(Key), cancellationToken),
        };
        var certificates = run.Client.Resources<CertificateSpec, CertificateStatus>(Plurals.Certificates);
        var present = await certificates.FindAsync(name, cancellationToken: cancellationToken);
        var made = present is not null ? null : await certificates.CreateAsync(
            new NewResource<CertificateSpec> { Name = name, Project = run.Project, Spec = new CertificateSpec { Own = true } },
            cancellationToken: cancellationToken);
        try
        {
            using var answer = await run.Client.SendAsync(
                HttpMethod.Post, $"/api/v1/certificates/{(present ?? made)!.Id}/install",
                new JsonText(JsonSerializer.SerializeToUtf8Bytes(body, WireJson.Options)), cancellationToken: cancellationToken);
            if (run.WriteMachine(answer!.RootElement)) return CommandRunner.Done;
            var status = answer.RootElement.GetProperty("status");
            run.Say($"{name} serves {string.Join(", ", status.GetProperty("hosts").EnumerateArray().Select(h => h.GetString()))} "
                + $"until {Day(status.Time("notAfter"))}. The cloud does not renew it.");
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
        var name = run.Parse.GetRequiredValue(Name);
        var renewed = await run.Client.Resources(Plurals.Certificates).TransitionAsync(name, "renew", cancellationToken: cancellationToken);
        if (!run.WriteMachine(ResourceOutput.ToJson(renewed)))
            run.Say($"{name} is being issued again; see strata describe certificate/{name}");
        return CommandRunner.Done;
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
        return await File.ReadAllTextAsync(file.FullName, cancellationToken);
    }
}
