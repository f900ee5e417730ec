namespace Strata.Identity;

/// <summary>Settings and limits of this module; all have defaults but the address. Immutable.</summary>
public sealed record IdentityOptions
{
    /// <summary>Under which browsers and clients reach the API, for example <c>http://127.0.0.1:8080</c>; links begin with it.</summary>
    public required Uri PublicUrl { get; init; }

    /// <summary>
    /// What access tokens say they come from (<c>iss</c>), for example <c>http://127.0.0.1:8080/api</c>. Tokens of another issuer's name
    /// are not accepted any more after a change.
    /// </summary>
    public string Issuer => LinkTo("/api");

    /// <summary>Ports at which users reach edges, over HTTP or HTTPS: visitors of hosts go back to no other.</summary>
    public IReadOnlyCollection<int> EdgePorts { get; init; } = [80, 443];

    /// <param name="path">Begins with a slash.</param>
    public string LinkTo(string path) => PublicUrl.ToString().TrimEnd('/') + path;

    /// <summary>The server that takes mail; null: the cloud sends none, and links are shown to who makes them.</summary>
    public Mail.MailOptions? Mail { get; init; }

    /// <summary>How long an access token is good for.</summary>
    public TimeSpan TokenLifetime { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Clients of one organization; beyond that 409 M2M_CLIENT_CAP_REACHED.</summary>
    public int ClientsMax { get; init; } = 1000;

    /// <summary>Key pairs that the cloud signs or has signed with; beyond that 409 KEYPAIR_CAP_REACHED.</summary>
    public int KeyPairsMax { get; init; } = 50;

    /// <summary>Trusted keys of one organization; beyond that 409 TRUSTED_KEY_CAP_REACHED.</summary>
    public int TrustedKeysMax { get; init; } = 100;

    /// <summary>OIDC providers of one organization; beyond that 409 OIDC_PROVIDER_CAP_REACHED.</summary>
    public int ProvidersMax { get; init; } = 20;

    /// <summary>Wrong secrets from one source in a minute; beyond that its wrong ones are answered with 429.</summary>
    public int GuessesMax { get; init; } = 20;

    /// <summary>True: providers may be on this machine and private networks, and speak http.</summary>
    public bool AllowPrivateProviders { get; init; }

    /// <summary>
    /// For both documents of a provider, from the first connection to the last byte; beyond that 503 OIDC_PROVIDER_UNAVAILABLE.
    /// </summary>
    public TimeSpan ProviderTimeout { get; init; } = TimeSpan.FromSeconds(3);
}
