using System.Text.Json;
using System.Text.RegularExpressions;
using Strata.Contracts;
using Strata.Core;
using Strata.Resources.Hosts;
using Strata.Resources.Informers;
using Strata.Resources.Kinds;

namespace Strata.Certificates.Kinds;

/// <summary>The kinds of this module.</summary>
public static partial class CertificateKinds
{
    /// <summary>To be given private keys: for edges. By its ending no role holds it that does not name it.</summary>
    public const string KeyPermission = "certificate-keys.control";

    public const string Issue = "issue";
    public const string Fail = "fail";
    public const string Renew = "renew";

    public const int HostsMax = 100;
    internal const string OwnOnly = "The cloud makes certificates for hosts by itself; to bring one of your own, set it to true.";

    private const int TextMax = 500;
    private const int RootsMax = 64 * 1024;

    public static readonly Kind<CertificateSpec, CertificateStatus> Certificate = new()
    {
        Name = "certificate",
        Plural = Plurals.Certificates,
        IdPrefix = "crt",
        Scope = KindScope.Project,
        Description = "A certificate by which the edges serve hosts over HTTPS; the cloud makes and renews one for each host.",
        Workflow = KindWorkflow.Load(typeof(CertificateKinds), "certificate.workflow.json"),
        InitialStatus = new CertificateStatus(),
        Readers = [Roles.Viewer, Roles.Developer, Roles.Edge],
        Writers = [Roles.Developer],
        UserTransitions = [Renew],
        UserChangesSpec = false,
        KeepsProject = false,
        HiddenStatus = ["privateKey", "chain"], // the chain is long, is for machines, and every client of the host gets it
        SealedStatus = [new SealedMember("privateKey", c => KeyContextOf(Certificate!.IdOf(c.Id)))],
        OperatorsOnly = spec => spec.Api ? [new("api", "Only an operator of the cloud may have a certificate serve its API.")] : [],
        Validate = Check,
    };

    public static readonly Kind<IssuerSpec, IssuerStatus> Issuer = new()
    {
        Name = "issuer",
        Plural = Plurals.Issuers,
        IdPrefix = "isr",
        Scope = KindScope.Platform,
        Description = "Who signs certificates: the cloud's own authority, or one on the internet that speaks ACME.",
        Workflow = KindWorkflow.Load(typeof(CertificateKinds), "issuer.workflow.json"),
        InitialStatus = new IssuerStatus(),
        Readers = [Roles.Edge],
        WriteIsAdministrators = true,
        ReservedNames = [IssuerSpec.Internal],
        HiddenStatus = ["privateKey"],
        SealedStatus = [new SealedMember("privateKey", i => KeyContextOf(Issuer!.IdOf(i.Id)))],
        Validate = Check,
        ValidateChange = (was, next) => was.Directory == next.Directory
            ? [] : [new("directory", "An issuer keeps its directory: add another one, and remove this one.")],
    };

    public static readonly IReadOnlyList<Kind> All = [Certificate, Issuer];

    /// <summary>Claims by their host.</summary>
    internal static readonly InformerIndex ClaimsByHost = InformerIndex.OfMember("host", isGlobal: true, "spec", "host");

    internal static readonly InformerIndex CertificatesByProject = InformerIndex.OfMember("project", isGlobal: false, "project");

    /// <summary>Those that the cloud makes, by each of their hosts.</summary>
    internal static readonly InformerIndex MadeByHost = new("host", static revision =>
    {
        using var json = revision.Document.Parse();
        return json.RootElement.TryGetProperty("spec", out var spec) && !(spec.TryGetProperty("own", out var own) && own.ValueKind ==
            JsonValueKind.True) && spec.TryGetProperty("hosts", out var hosts)
            ? [.. hosts.EnumerateArray().Select(h => h.GetString() ?? "")] : [];
    });

    /// <summary>Whether it is a name of a host, or of all hosts one label below it.</summary>
    internal static bool IsHost(string text) => text.Length <= 253 && Host().IsMatch(text);

    /// <summary>What a private key is sealed for: the resource that has it.</summary>
    internal static string KeyContextOf(string id) => $"certificates/{id}";

    private static List<ValidationError> Check(CertificateSpec spec)
    {
        var faults = new List<ValidationError>();
        if (spec.Hosts.Count > HostsMax) faults.Add(new("hosts", $"It takes at most {HostsMax}."));
        if (!spec.Hosts.All(IsHost))
            faults.Add(new("hosts", "Each is a host name in lower case, such as shop.example.com."));
        if (spec is { Own: false, Hosts.Count: 0 }) faults.Add(new("own", OwnOnly));
        if (spec is { Own: false, Api: true }) faults.Add(new("api", "It is for a certificate of your own: set own to true as well."));
        return faults;
    }

    private static List<ValidationError> Check(IssuerSpec spec)
    {
        var faults = new List<ValidationError>();
        if (spec.Directory is { } url && !IsHttps(url))
            faults.Add(new("directory", "It is an https address, such as https://acme-v02.api.letsencrypt.org/directory."));
        if (spec.Email is { } email && !(email.Length <= TextMax && Mail().IsMatch(email)))
            faults.Add(new("email", "It is a mail address, such as admin@example.com."));
        if (spec.Challenge is not (IssuerChallenges.Http or IssuerChallenges.Dns))
            faults.Add(new("challenge", $"It is {IssuerChallenges.Http} or {IssuerChallenges.Dns}."));
        if (spec.Order is < 0 or > 1000) faults.Add(new("order", "It is 0 to 1000."));
        if (spec.Roots is { } roots && (roots.Length > RootsMax || !Pem.HasCertificates(roots)))
            faults.Add(new("roots", "It is one or more certificates in PEM, of at most 64 KiB."));
        return faults;
    }

    private static bool IsHttps(string url) => url.Length <= TextMax
        && url.All(c => c is > ' ' and <= '~')
        && Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri is { Scheme: "https", UserInfo: "", Fragment: "" };

    [GeneratedRegex(@"^(\*\.)?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\z")]
    private static partial Regex Host();

    [GeneratedRegex(@"^[^@\s<>""]+@[^@\s<>""]+\z")]
    private static partial Regex Mail();
}
