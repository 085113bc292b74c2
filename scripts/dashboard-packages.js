/** The packages of which the page of the dashboard contains parts; nothing installs them. */
export const dashboardPackages = ['morphdom', 'uplot'];
