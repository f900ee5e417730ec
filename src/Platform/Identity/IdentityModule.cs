using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Strata.Api;
using Strata.Api.Auth;
using Strata.Api.Auth.Administrators;
using Strata.Api.Auth.CustomRoles;
using Strata.Api.Auth.Explaining;
using Strata.Api.Kinds;
using Strata.Contracts;
using Strata.Core;
using Strata.Entities.Engine;
using Strata.Identity.Account;
using Strata.Identity.Authentication;
using Strata.Identity.Bindings;
using Strata.Identity.Clients;
using Strata.Identity.Invitations;
using Strata.Identity.Keys;
using Strata.Identity.Links;
using Strata.Identity.Mail;
using Strata.Identity.Memberships;
using Strata.Identity.OAuth;
using Strata.Identity.Pages;
using Strata.Identity.Passkeys;
using Strata.Identity.Passwords;
using Strata.Identity.People;
using Strata.Identity.Providers;
using Strata.Identity.Sessions;
using Strata.Identity.StepUp;
using Strata.Identity.Teams;
using Strata.Identity.Tokens;
using Strata.Identity.Visits;
using Strata.Resources.Background;
using Strata.Resources.Controllers;
using Strata.Resources.Kinds;

namespace Strata.Identity;

/// <summary>
/// Authentication beyond the API's own tokens: people who sign in, machine clients with access tokens, users of external issuers. Needs the
/// engine, the log, the API's services and the cloud's <see cref="Core.SealedSecrets"/>.
/// </summary>
public static class IdentityModule
{
    public static readonly IReadOnlyList<Kind> Kinds =
    [
        PersonKind.Kind, MembershipKind.Kind, TeamKind.Kind, BindingKind.Kind, InvitationKind.Kind, SessionKind.Kind, ClientKind.Kind,
            KeyPairKind.Kind, TrustedKeyKind.Kind,
        ProviderKind.Kind,
    ];

    public static IServiceCollection AddIdentity(this IServiceCollection services, IdentityOptions options)
    {
        services.AddSingleton(options);
        services.AddPermissions(new Permission(RequirementEndpoints.Permission));
        services.AddPermissions(new Permission(AccountEndpoints.Read, Roles.Viewer, Roles.Developer, Roles.Application, Roles.Machine));
        AddStore(services, ClientKind.Kind);
        AddStore(services, KeyPairKind.Kind);
        AddStore(services, TrustedKeyKind.Kind);
        AddStore(services, ProviderKind.Kind);
        AddStore(services, OrganizationKind.Kind);
        AddPeople(services);
        services.AddSingleton<ClientStore>().AddSingleton<SigningKeys>().AddSingleton<TrustedKeyStore>().AddSingleton<ProviderStore>()
            .AddSingleton<ProviderDocuments>();
        services.AddSingleton<AccessTokens>().AddSingleton<ExternalTokens>().AddSingleton<JwtAuthenticator>();
        services.AddSingleton<ClientAssertions>().AddSingleton<ClientAuthentication>().AddSingleton<IWorkloadTokens, WorkloadTokens>();
        services.Replace(ServiceDescriptor.Singleton<IAuthenticator>(s => s.GetRequiredService<JwtAuthenticator>()));
        services.AddSingleton<TokenEndpoint>().AddSingleton<ClientEndpoints>().AddSingleton<KeyPairEndpoints>()
            .AddSingleton<TrustedKeyEndpoints>().AddSingleton<ProviderEndpoints>();
        services.AddSingleton<IAccessHolders, ClientHolders>();
        services.AddSingleton<AccountEndpoints>().AddSingleton<IDeletionGuard, OwnClientGuard>();
        services.AddSingleton<IAdministratorSource, ClientAdministrators>().AddSingleton<IAdministratorSource, ProviderAdministrators>();
        return services.AddSupervised<IdentityChanges>();
    }

    /// <summary>Has edges ask who visits the hosts of this kind's resources.</summary>
    /// <param name="permission">What a visitor needs for the resource.</param>
    /// <param name="wanted">The member of the spec that is true where visitors must be signed in.</param>
    public static IServiceCollection AddVisits(this IServiceCollection services, Kind kind, Permission permission, string wanted)
    {
        services.AddPermissions(permission, new Permission(VisitEndpoints.Permission, Roles.Edge));
        return services.AddSingleton(new VisitedKind(kind, permission.Name, wanted)).AddSingleton<VisitRules>().AddSingleton<VisitTexts>()
            .AddSingleton<VisitPages>().AddSingleton<VisitEndpoints>();
    }

    public static void MapIdentity(this IEndpointRouteBuilder routes)
    {
        var services = routes.ServiceProvider;
        services.GetRequiredService<TokenEndpoint>().Map(routes);
        services.GetRequiredService<ClientEndpoints>().Map(routes);
        services.GetRequiredService<KeyPairEndpoints>().Map(routes);
        services.GetRequiredService<TrustedKeyEndpoints>().Map(routes);
        services.GetRequiredService<ProviderEndpoints>().Map(routes);
        services.GetRequiredService<AccountEndpoints>().Map(routes);
        services.GetRequiredService<InvitationEndpoints>().Map(routes);
        services.GetRequiredService<PersonEndpoints>().Map(routes);
        services.GetRequiredService<SessionEndpoints>().Map(routes);
        routes.MapOAuthServer();
        services.GetRequiredService<UserInfoEndpoint>().Map(routes);
        services.GetRequiredService<IntrospectionEndpoint>().Map(routes);
        services.GetRequiredService<LogoutPages>().Map(routes);
        services.GetRequiredService<AuthorizePages>().Map(routes);
        services.GetRequiredService<SignInPages>().Map(routes);
        services.GetRequiredService<InvitePages>().Map(routes);
        services.GetRequiredService<PasswordPages>().Map(routes);
        services.GetRequiredService<EmailPages>().Map(routes);
        services.GetRequiredService<PasskeyPages>().Map(routes);
        services.GetRequiredService<FreshPages>().Map(routes);
        services.GetRequiredService<StepUpPages>().Map(routes);
        services.GetRequiredService<StepUpEndpoints>().Map(routes);
        services.GetRequiredService<RequirementEndpoints>().Map(routes);
        services.GetRequiredService<DevicePages>().Map(routes);
        services.GetRequiredService<SecondPages>().Map(routes);
        services.GetRequiredService<AccountPages>().Map(routes);
        services.GetService<VisitPages>()?.Map(routes);
        services.GetService<VisitEndpoints>()?.Map(routes);
    }

    private static void AddPeople(IServiceCollection services)
    {
        AddStore(services, PersonKind.Kind);
        AddStore(services, MembershipKind.Kind);
        AddStore(services, InvitationKind.Kind);
        AddStore(services, SessionKind.Kind);
        AddStore(services, TeamKind.Kind);
        AddStore(services, BindingKind.Kind);
        services.AddSingleton<BindingStore>().AddSingleton<BindingSubjects>();
        services.AddSingleton<ISpecAdmission, TeamAdmission>().AddSingleton<ISpecAdmission, BindingAdmission>();
        services.AddSingleton<IDeletionGuard, TeamInUseGuard>().AddSingleton(new RoleHolders(BindingKind.Kind));
        services.AddController<TeamController, TeamSpec, Nothing>().AddController<BindingController, BindingSpec, Nothing>();
        services.AddSingleton<IAdministratorSource, MembershipAdministrators>();
        services.AddSingleton<PasswordHasher>().AddSingleton<SignInLimit>().AddSingleton<SignInMetrics>().AddSingleton<PasswordSignIn>()
            .AddSingleton<SecondFactor>();
        services.AddSingleton<PersonStore>().AddSingleton<MembershipStore>().AddSingleton<InvitationStore>().AddSingleton<SessionStore>()
            .AddSingleton<DeviceRequests>().AddSingleton<DevicePolls>().AddSingleton<UsedCodes>()
            .AddSingleton<OAuthClients>().AddSingleton<PersonTokens>().AddSingleton<UserInfoEndpoint>()
            .AddSingleton<IntrospectionEndpoint>().AddSingleton<LogoutPages>();
        services.AddSingleton<SessionAuthenticator>();
        services.AddSingleton<ISpecAdmission, MembershipAdmission>().AddSingleton<IAccessHolders, MemberHolders>();
        services.AddSingleton<IHeldRights, MembershipRights>();
        services.AddSingleton(new RoleHolders(MembershipKind.Kind)).AddSingleton(new RoleHolders(InvitationKind.Kind));
        services.AddSingleton<InvitationEndpoints>().AddSingleton<PersonEndpoints>().AddSingleton<SessionEndpoints>();
        services.AddSingleton<RelyingParty>().AddSingleton<PasskeyChallenges>().AddSingleton<PasskeyStore>().AddSingleton<PasskeyPages>();
        services.AddSingleton<FreshPages>().AddSingleton<StepUpRequests>().AddSingleton<StepUpPages>().AddSingleton<StepUpEndpoints>();
        services.AddSingleton<MailMetrics>().AddSingleton<MailOutbox>().AddSingleton<SmtpDelivery>().AddSingleton<SealedLinks>()
            .AddSingleton<AccountNotices>().AddSingleton<EmailPages>().AddSingleton<RequirementEndpoints>();
        services.AddSingleton<PageRenderer>().AddSingleton<BrowserSession>().AddSingleton<PageEndpoints>().AddSingleton<FormTargets>();
        services.AddSingleton<SignInPages>().AddSingleton<InvitePages>().AddSingleton<PasswordPages>().AddSingleton<DevicePages>()
            .AddSingleton<SecondPages>().AddSingleton<AccountPages>().AddSingleton<AuthorizePages>();
        services.AddOAuthServer();
        services.AddSupervised<PeopleKeeper>().AddSupervised<MailSender>();
    }

    private static void AddStore<TSpec, TStatus>(IServiceCollection services, Kind<TSpec, TStatus> kind) =>
        services.TryAddSingleton(
            x => new ResourceStore<TSpec, TStatus>(x.GetRequiredService<EntityEngine>(), kind, x.GetRequiredService<TimeProvider>()));
}
